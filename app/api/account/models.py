"""GET /api/v1/models: the models that credits pay for, for anybody."""

from typing import Any

from fastapi import APIRouter

from app.api.common.caller import find_credits
from app.api.v1.models import describe

router = APIRouter(prefix="/api/v1", tags=["account"])


@router.get("/models")
async def list_models() -> list[dict[str, Any]]:
    """Returns every model that credits pay for, without a key; prices are credits per million tokens."""
    return [describe(model, offer) for model, offer in (await find_credits()).offers.items()]
