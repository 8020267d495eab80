"""Which top-ups a paywall's links began and were paid, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session

from app.domain.topups.tables import Topup, TopupStatus
from app.sql.columns import table_of


@dataclass(frozen=True, slots=True)
class PaidFilter:
    """Which paid top-ups are listed; `since` (inclusive) and `until` (exclusive) in microseconds."""

    user: str | None = None
    since: int | None = None
    until: int | None = None


def list_paid(
    session: Session, paywall_id: str, wanted: PaidFilter, before: tuple[int, str] | None, limit: int
) -> Sequence[Topup]:
    """Returns up to `limit` paid top-ups that a paywall's links began, the latest paid first.

    `before` is when the last one of the page before was paid, and its id.
    """
    found: Sequence[Topup] = session.scalars(page_statement(paywall_id, wanted, before, limit)).all()
    return found


def page_statement(paywall_id: str, wanted: PaidFilter, before: tuple[int, str] | None, limit: int) -> Select[Any]:
    """Returns the query of one page, which reads `ix_topup_paywall` backwards from where it begins."""
    table = table_of(Topup)
    found = select(Topup).where(table.c.paywall_id == paywall_id, table.c.status == TopupStatus.PAID)
    if wanted.user is not None:
        found = found.where(table.c.external_id == wanted.user)
    if wanted.since is not None:
        found = found.where(table.c.finished_at >= wanted.since)
    if wanted.until is not None:
        found = found.where(table.c.finished_at < wanted.until)
    if before is not None:
        found = found.where(tuple_(table.c.finished_at, table.c.id) < tuple_(*before))
    return found.order_by(table.c.finished_at.desc(), table.c.id.desc()).limit(limit)
