"""/api/v1/history: the requests of an account, and what was said in those that a conversation keeps."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query

from app import db
from app.api.account.kept.conversations import Limit, Offset, messages_of
from app.api.account.kept.keeping import conversations
from app.api.account.owner import Own
from app.api.account.usage import CHAT, MODES
from app.api.common.listing import check_word
from app.domain import clock
from app.domain.credits.asked import Found, read_one, read_page
from app.domain.money import CREDITS_PER_DOLLAR, NANOS
from app.domain.pricing.receipts import Receipt, explain
from app.domain.wallets.shared import shared_wallet_id

router = APIRouter(prefix="/api/v1/history", tags=["account"])
WORD_CHARACTERS_MAX = 100

Word = Annotated[str | None, Query(max_length=WORD_CHARACTERS_MAX)]


@router.get("")
async def list_history(
    own: Own, limit: Limit = 20, offset: Offset = 0, mode: Word = None, search: Word = None
) -> dict[str, Any]:
    """Lists requests, the newest first. `search` looks in models and ids: texts are sealed."""
    check_word(mode, "mode", MODES)
    wallet_id = shared_wallet_id(own.account_id, own.snapshot.environment, own.snapshot.unit)
    wanted = Found(search=search or "", manner=mode or "")
    rows, total = await db.in_transaction(lambda session: read_page(session, wallet_id, wanted, limit, offset))
    places = await conversations().find_places(own.account_id, [row["id"] for row in rows])
    items = [_line(row, places.get(row["id"])) for row in rows]
    return {"history": items, "total": total, "limit": limit, "offset": offset}


@router.get("/{request_id}")
async def get_history(own: Own, request_id: str) -> dict[str, Any]:
    """Returns one request, and its texts where they were kept. Raises NotFound for everybody else's."""
    wallet_id = shared_wallet_id(own.account_id, own.snapshot.environment, own.snapshot.unit)
    row = await db.in_transaction(lambda session: read_one(session, wallet_id, request_id))
    turn = await conversations().find_turn(own.account_id, row["id"])
    if turn is None:
        return {**_line(row, None), "messages": [], "result": {}}
    return {**_line(row, turn.conversation_id), "messages": messages_of(turn), "result": dict(turn.said.beside)}


def _line(row: Mapping[str, Any], conversation_id: str | None) -> dict[str, Any]:
    receipt, charged = explain(row, row["external_id"]), row["charge_nanos"] // NANOS
    return {
        "id": row["id"],
        "mode": row.get("mode") or CHAT,
        "model": row["model"],
        "status": row["status"],
        "prompt_tokens": _tokens(receipt, is_output=False),
        "completion_tokens": _tokens(receipt, is_output=True),
        "credits_charged": charged,
        "cost": charged / CREDITS_PER_DOLLAR,
        "byok": row["billing_source"] == "byok",
        "conversation_id": conversation_id,
        "created_at": clock.to_iso(row["created_at"]),
    }


def _tokens(receipt: Receipt, *, is_output: bool) -> int:
    lines = [*receipt.lines, *(line for leg in receipt.legs for line in leg.lines)]
    return sum(line.tokens for line in lines
               if line.kind != "request" and (line.kind in ("output", "reasoning")) is is_output)  # fmt: skip
