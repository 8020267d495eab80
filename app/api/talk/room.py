"""What the chat page reads: its models, what an answer may cost, what it did cost."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from app import db, wiring
from app.api.account.modes import READERS
from app.api.common.body import parse_json
from app.api.common.caller import find_own
from app.api.common.visitor import check_own_page
from app.api.manage.managing import person_of
from app.api.talk.asking import MODES
from app.api.v1.models import describe, say_price
from app.domain.credits.asked import read_one
from app.domain.money import NANOS, format_for_people
from app.domain.pricing.receipts import explain
from app.domain.usage.tables import RequestMode, RequestStatus
from app.domain.wallets.shared import shared_wallet_id
from app.flows.callers.snapshot import Snapshot
from app.flows.conversations.privacy import read_privacy
from app.flows.talk.most import read_most, read_most_of_several
from app.flows.talk.order import in_order
from app.formats.account.chat import to_openai
from app.formats.account.routing import read_routing
from app.formats.openai_request import ChatRequest, read_chat_request

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


@router.post("/most/{asked}", dependencies=[Depends(check_own_page)])
async def post_most(request: Request, asked: str) -> JSONResponse:
    """Returns what a question may cost at most, and whether that can be paid. Raises UnknownModel, BadField."""
    person = await person_of(request)
    snapshot = await find_own(person.account_id)
    body = await parse_json(await request.body())
    read = READERS.get(f"/api/v1/{asked}")
    if read is None:
        most = await read_most(snapshot, person.account_id, _one_of(body))
    else:
        most = await read_most_of_several(snapshot, person.account_id, read(body))
    amount = most.most_nanos if most.is_enough else most.least_nanos
    said = {"at_most": format_for_people(amount, snapshot.unit), "is_enough": most.is_enough, "beside": most.beside}
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


def _one_of(body: Any) -> list[ChatRequest]:
    """Returns what a chat asks of the model that it names, and of each that may answer instead."""
    asked, routing = to_openai(body), read_routing(body)
    others = () if routing is None else routing.fallback
    return [read_chat_request({**asked, "model": model}) for model in (asked.get("model"), *others)]


def _models(snapshot: Snapshot, names: Sequence[str]) -> list[dict[str, Any]]:
    offers = [(model, snapshot.offers[model]) for model in names]
    return [
        {"id": model, "name": offer.display_name or model, "is_free": offer.price.is_free,
         "price": say_price(describe(model, offer), snapshot.unit)}
        for model, offer in offers
    ]  # fmt: skip
