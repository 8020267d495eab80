"""What was taken back of top-ups that a paywall's links began, page by page, as the app's users' wallets saw it."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from app.domain.disputes.tables import Takeback
from app.sql.columns import table_of

Place = tuple[int, str, int, int]
"""When it was posted, its top-up, its number there, and which part of it: 1 a refund, 0 a dispute."""


@dataclass(frozen=True, slots=True)
class Reversal:
    """What a refund or a dispute did to a wallet at once; `amount_nanos` is positive for what came back into it."""

    place: Place
    user: str | None
    amount_nanos: int

    @property
    def is_refund(self) -> bool:
        return self.place[3] == 1


@dataclass(frozen=True, slots=True)
class ReversalFilter:
    """Which are listed; `since` (inclusive) and `until` (exclusive) in microseconds."""

    user: str | None = None
    since: int | None = None
    until: int | None = None


def list_reversals(
    session: Session, paywall_id: str, wanted: ReversalFilter, before: Place | None, limit: int
) -> Iterator[Reversal]:
    """Yields at least `limit` reversals before a place, if there are as many, the newest first."""
    table = table_of(Takeback)
    found = select(table).where(table.c.paywall_id == paywall_id)
    if wanted.user is not None:
        found = found.where(table.c.external_id == wanted.user)
    if wanted.since is not None:
        found = found.where(table.c.created_at >= wanted.since)
    if wanted.until is not None:
        found = found.where(table.c.created_at < wanted.until)
    order = (table.c.created_at, table.c.topup_id, table.c.n)
    if before is not None:
        found = found.where(tuple_(*order) <= tuple_(*before[:3]))
    rows = session.execute(found.order_by(*(column.desc() for column in order)).limit(limit + 1))
    for row in rows:
        for part, amount in ((1, -row.wallet_nanos), (0, -row.disputes_nanos)):
            place = (row.created_at, row.topup_id, row.n, part)
            if amount and (before is None or place < before):
                yield Reversal(place, row.external_id, amount)
