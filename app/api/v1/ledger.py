"""GET /v1/ledger: what this paywall moved on its users' wallets, as pages of JSON or as one CSV of any length."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel

from app import db
from app.api.common.dependencies import Caller
from app.api.common.listing import Cursor, PageSize, SpanOfList, UserOfList, check_word, read_cursor, write_cursor
from app.api.v1.csv_lines import CSV, cell, encoded, line, write_json
from app.domain import clock
from app.domain.money import Unit, format_decimal
from app.flows.callers.snapshot import Snapshot
from app.flows.wallets.statement import TYPES, Entry, LedgerFilter, LedgerPage, Position, read_ledger

router = APIRouter(tags=["ledger"])

BATCH = 1_000
"""How many entries of a CSV are in memory at once; each batch is a transaction of its own."""
FIRST_BATCH = 100
"""How many of them are read before a file begins: a thousand out of millions may take half a second."""
COLUMNS = ("id", "type", "created_at", "user", "amount", "unit", "model", "tokens", "request_id", "metadata")


class EntryBody(BaseModel):
    """One movement of a user's wallet; `amount` is a decimal string of the unit, negative for money that left it."""

    id: str
    type: str
    created_at: str
    user: str | None
    amount: str
    unit: str
    model: str | None
    tokens: int | None
    request_id: str | None
    metadata: dict[str, Any] | None


class LedgerBody(BaseModel):
    """Entries, the newest first; `next_cursor` is null behind the last."""

    object: str = "list"
    data: list[EntryBody]
    has_more: bool
    next_cursor: str | None


@router.get(
    "/ledger",
    response_model=LedgerBody,
    responses={200: {"description": "A page, or with `Accept: text/csv` everything.",
                     "content": {CSV: {"schema": {"type": "string"}}}}},
)  # fmt: skip
async def get_ledger(
    caller: Caller,
    user: UserOfList,
    span: SpanOfList,
    type: Annotated[str | None, Query(description=", ".join(TYPES))] = None,
    limit: PageSize = 20,
    cursor: Cursor = None,
    accept: Annotated[str, Header(description="`text/csv` for all pages at once, in one file.")] = "",
) -> Response:
    """Lists what was charged to this paywall's users and paid in through it, the newest first.

    In shared mode that is what this app did, never what others did on the same wallet. A charge stands at the time
    when its request began. A CSV holds every entry from the cursor on, whatever `limit` says.
    """
    wanted = LedgerFilter(user, check_word(type, "type", TYPES), span.since, span.until)
    scope = ("ledger", caller.paywall_id, user, type, span.since, span.until)
    position = _position(read_cursor(cursor, *scope))
    is_csv = wants_csv(accept)
    page = await _read(caller, wanted, position, FIRST_BATCH if is_csv else limit)
    if is_csv:
        headers = {"Content-Disposition": 'attachment; filename="ledger.csv"'}
        return StreamingResponse(_csv(caller, wanted, page), media_type=CSV, headers=headers)
    following = page.following
    content = {
        "object": "list",
        "data": [_body(entry, caller.unit) for entry in page.entries],
        "has_more": following is not None,
        "next_cursor": following
        and write_cursor([following.request, following.topup, following.transfer, following.reversal], *scope),
    }
    return Response(encoded(write_json(content)), media_type="application/json")


def wants_csv(accept: str) -> bool:
    """Tells whether CSV is what a client prefers: the first of the two kinds that it names."""
    kinds = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    return next((kind == CSV for kind in kinds if kind in (CSV, "application/json", "*/*")), False)


def _position(stored: list[Any] | None) -> Position:
    if stored is None:
        return Position()
    request, topup, transfer, reversal = [*stored, None][:4]  # one from before there were reversals has three
    return Position(
        request, None if topup is None else (topup[0], topup[1]), transfer,
        None if reversal is None else (reversal[0], reversal[1], reversal[2], reversal[3]),
    )  # fmt: skip


async def _read(app: Snapshot, wanted: LedgerFilter, position: Position, limit: int) -> LedgerPage:
    return await db.in_transaction(lambda session: read_ledger(session, app.paywall, wanted, position, limit))


def _body(entry: Entry, unit: Unit) -> dict[str, Any]:
    return {
        "id": entry.id,
        "type": entry.type,
        "created_at": clock.to_iso(entry.at),
        "user": entry.user,
        "amount": format_decimal(entry.amount_nanos),
        "unit": unit.value,
        "model": entry.model,
        "tokens": entry.tokens,
        "request_id": entry.request_id,
        "metadata": None if entry.details is None else dict(entry.details),
    }


def entry_line(entry: Entry, unit: Unit) -> bytes:
    """Returns an entry as a line of CSV, in the order of COLUMNS."""
    return line([cell(value, is_number=name == "amount") for name, value in _body(entry, unit).items()])


async def _csv(app: Snapshot, wanted: LedgerFilter, page: LedgerPage) -> AsyncIterator[bytes]:
    """Yields a CSV batch by batch; a client that reads slowly is waited for."""
    yield line(COLUMNS)
    while True:
        yield b"".join(entry_line(entry, app.unit) for entry in page.entries)
        if page.following is None:
            return
        page = await _read(app, wanted, page.following, BATCH)
