"""GET /manage/paywalls/{id}/ledger.csv: a book of any length as one file, for whoever may read it."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from app import db
from app.api.common.listing import SpanOfList
from app.api.manage.managing import manager_of
from app.api.v1.csv_lines import CSV, line
from app.api.v1.ledger import BATCH, COLUMNS, FIRST_BATCH, entry_line
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.members import Act, check_may
from app.domain.paywalls.paywall import Paywall
from app.domain.usage.request_list import LOOKED_MAX
from app.domain.wallets.wallets import check_user
from app.flows.wallets.books import Book, BookFilter, read_book
from app.flows.wallets.statement import LedgerPage, Position

router = APIRouter(prefix="/manage", include_in_schema=False)


@router.get("/paywalls/{paywall_id}/ledger.csv")
async def get_ledger_csv(
    request: Request,
    paywall_id: str,
    span: SpanOfList,
    account: Book = Book.WALLETS,
    user: Annotated[str, Query()] = "",
) -> StreamingResponse:
    """Writes every entry that fits, the newest first, batch by batch; a client that reads slowly is waited for."""
    manager = await manager_of(request, paywall_id)
    wanted = BookFilter(account, check_user(user) if user else None, span.since, span.until)

    def begin(session: db.Session) -> tuple[Paywall, LedgerPage]:
        check_may(session, manager, Act.READ)
        paywall, _ = read_current(session, manager.paywall_id)
        return paywall, read_book(session, paywall, wanted, Position(), FIRST_BATCH, most_of(wanted))

    paywall, page = await db.in_transaction(begin)
    name = f"{paywall.id}-{account.value}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(lines_of(paywall, wanted, page), media_type=CSV, headers=headers)


def most_of(wanted: BookFilter) -> int | None:
    """Returns how many entries a batch looks at: one for a user who has few must not wait until it has found many."""
    return None if wanted.user is None else LOOKED_MAX


async def lines_of(paywall: Paywall, wanted: BookFilter, page: LedgerPage) -> AsyncIterator[bytes]:
    """Yields the head, the page, and then what follows it, batch after batch as each is read."""
    yield line(COLUMNS)
    while True:
        if page.entries:
            yield b"".join(entry_line(entry, paywall.unit) for entry in page.entries)
        following = page.following
        if following is None:
            return
        more = partial(read_book, paywall=paywall, wanted=wanted, position=following, limit=BATCH, most=most_of(wanted))
        page = await db.in_transaction(more)
