"""Deletes sums that no page reads any more, a few days' worth of one paywall at a time."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, func, select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.rollups.books import QUARTERS_KEPT
from app.domain.rollups.tables import (
    PaywallRollup,
    RollupDay,
    RollupQuarter,
    RollupTotal,
    RollupUserDay,
    RollupUserPart,
)
from app.domain.rollups.zones import quarter_of
from app.sql.columns import table_of

_BOOKS, _QUARTERS = table_of(PaywallRollup), table_of(RollupQuarter)
_TABLES = ((_QUARTERS, "start", clock.DAY), (table_of(RollupDay), "day", 1), (table_of(RollupUserDay), "day", 1),
           (table_of(RollupUserPart), "day", 1), (table_of(RollupTotal), "day", 1))  # fmt: skip
"""Tables with the column of their time, and how much of it is deleted at once."""


def forget_old(session: Session) -> int:
    """Deletes earlier builds, and quarters of an hour beyond 35 days; a day's worth of each at a time.

    Returns how many rows it deleted, 0 when nothing is left.
    """
    count = 0
    for book in session.execute(select(_BOOKS.c.paywall_id, _BOOKS.c.build, _BOOKS.c.next_build)).all():
        for table, column, step in _TABLES:
            count += _forget_build(session, table, column, step, book)
        of_build = and_(_QUARTERS.c.paywall_id == book.paywall_id, _QUARTERS.c.build == book.build)
        oldest = quarter_of(clock.now() - QUARTERS_KEPT)
        count += _delete_first(session, _QUARTERS, "start", clock.DAY, and_(of_build, _QUARTERS.c.start < oldest))
    return count


def _forget_build(session: Session, table: Table, column: str, step: int, book: Any) -> int:
    for is_old in _outside(table, book):
        build = session.scalar(select(func.min(table.c.build)).where(table.c.paywall_id == book.paywall_id, is_old))
        if build is not None:
            of_build = and_(table.c.paywall_id == book.paywall_id, table.c.build == build)
            return _delete_first(session, table, column, step, of_build)
    return 0


def _outside(table: Table, book: Any) -> Iterator[ColumnElement[bool]]:
    """Yields the spans of builds that are neither read nor made."""
    yield table.c.build < book.build
    if book.next_build is not None:
        yield and_(table.c.build > book.build, table.c.build < book.next_build)


def _delete_first(session: Session, table: Table, column: str, step: int, of_these: ColumnElement[bool]) -> int:
    at = table.c[column]
    first = session.scalar(select(func.min(at)).where(of_these))
    if first is None:
        return 0
    found = session.execute(delete(table).where(of_these, at < first + step))
    return int(found.rowcount)  # type: ignore[attr-defined]
