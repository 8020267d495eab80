"""What the chat page reads: its models, and what an answer did cost."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from app import db, wiring
from app.api.common.caller import find_own
from app.api.manage.managing import person_of
from app.api.talk.asking import MODES
from app.api.v1.models import describe, say_price
from app.domain.credits.asked import read_one
from app.domain.money import NANOS
from app.domain.pricing.receipts import explain
from app.domain.usage.tables import RequestMode, RequestStatus
from app.domain.wallets.shared import shared_wallet_id
from app.flows.callers.snapshot import Snapshot
from app.flows.conversations.privacy import read_privacy
from app.flows.talk.order import in_order

router = APIRouter(prefix="/talk", include_in_schema=False)

NO_STORE = {"Cache-Control": "no-store"}
MESH = RequestMode.MESH.value
"""The mode that is asked as a chat, with models that may stand in."""


@router.get("/room")
async def get_room(request: Request) -> JSONResponse:
    """Returns the models that somebody's credits pay for, in their order, and whether what is said is kept."""
    person = await person_of(request)
    snapshot = await find_own(person.account_id)
    kept = await read_privacy(person.account_id)
    said = {
        "models": _models(snapshot, in_order(wiring.get().legs.breakers, snapshot)),
        "modes": [*MODES, RequestMode.MESH.value],
        "keeps_nothing": kept.zero_retention,
    }
    return JSONResponse(said, headers=NO_STORE)


@router.get("/receipts/{request_id}")
async def get_receipt(request: Request, request_id: str) -> JSONResponse:
    """Returns what somebody's own request was charged. Raises NotFound for everybody else's."""
    person = await person_of(request)
    snapshot = await find_own(person.account_id)
    wallet_id = shared_wallet_id(person.account_id, snapshot.environment, snapshot.unit)
    row = await db.in_transaction(lambda session: read_one(session, wallet_id, request_id))
    receipt = explain(row, row["external_id"])
    said = {
        "is_final": row["status"] != RequestStatus.RUNNING,
        "credits": row["charge_nanos"] // NANOS,
        "tokens": row["tokens"] or 0,
        "lines": [{"kind": line.kind, "tokens": line.tokens, "amount": line.amount} for line in receipt.lines],
    }
    return JSONResponse(said, headers=NO_STORE)


def _models(snapshot: Snapshot, names: Sequence[str]) -> list[dict[str, Any]]:
    offers = [(model, snapshot.offers[model]) for model in names]
    return [
        {"id": model, "name": offer.display_name or model, "is_free": offer.price.is_free,
         "price": say_price(describe(model, offer), snapshot.unit)}
        for model, offer in offers
    ]  # fmt: skip
