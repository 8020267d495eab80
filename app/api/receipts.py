"""GET /v1/requests/{id}: the receipt of one request."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter

from app import db
from app.api.dependencies import Caller
from app.domain.usage.requests import read_receipt

router = APIRouter(tags=["requests"])


@router.get("/requests/{request_id}")
async def get_receipt(caller: Caller, request_id: str) -> dict[str, Any]:
    """Explains one charge to the last digit; 404 for another paywall's."""
    receipt = await db.in_transaction(lambda session: read_receipt(session, caller.paywall_id, request_id))
    return asdict(receipt)
