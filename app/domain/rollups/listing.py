"""Lists the users who were charged most in the last 7, 30 and 90 days, and counts all who had anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.rollups.reading import SPANS
from app.domain.rollups.sums import NAMES
from app.domain.rollups.tables import PaywallRollup, RollupSpan, RollupTop, RollupUserDay
from app.domain.rollups.zones import day_of
from app.sql.columns import table_of
from app.sql.statements import insert

USERS_LISTED = 100

_BOOKS, _USER_DAYS = table_of(PaywallRollup), table_of(RollupUserDay)
_SPANS, _TOPS = table_of(RollupSpan), table_of(RollupTop)
_ADD_SPAN = insert(_SPANS, ("paywall_id", "days", "last_day", "users", "made_at"))
_ADD_TOP = insert(_TOPS, ("paywall_id", "days", "rank", "external_id", *NAMES))


@dataclass(frozen=True, slots=True)
class Listed:
    """A span of `days` up to `last_day`: how many users had anything in it, and the first of them, each an id and the
    sums."""

    days: int
    last_day: int
    users: int
    first: Sequence[Sequence[Any]]


def list_due(session: Session) -> Sequence[str]:
    """Returns the paywalls whose lists are older than what was counted, or than their day."""
    is_old = or_(_BOOKS.c.listed_at.is_(None), _BOOKS.c.listed_at < _BOOKS.c.counted_at)
    rows = session.execute(select(_BOOKS.c.paywall_id, _BOOKS.c.zone, _BOOKS.c.listed_at, is_old.label("is_old"))).all()
    now = clock.now()
    return [row.paywall_id for row in rows if row.is_old or day_of(row.zone, row.listed_at) != day_of(row.zone, now)]


def find_top(session: Session, paywall_id: str) -> Sequence[Listed]:
    """Returns of each span its users, and who of them was charged most.

    It reads every user's days of three months, in a transaction that holds up nobody.
    """
    book = session.execute(select(_BOOKS.c.zone, _BOOKS.c.build).where(_BOOKS.c.paywall_id == paywall_id)).first()
    if book is None:
        return []
    last, found = day_of(book.zone, clock.now()), []
    for days in SPANS:
        in_span = and_(_USER_DAYS.c.paywall_id == paywall_id, _USER_DAYS.c.build == book.build,
                       _USER_DAYS.c.day.between(last - days + 1, last))  # fmt: skip
        sums = [func.sum(_USER_DAYS.c[name]).label(name) for name in NAMES]
        by_user = select(_USER_DAYS.c.external_id, *sums).where(in_span).group_by(_USER_DAYS.c.external_id).subquery()
        top = select(by_user).order_by(by_user.c.gross_nanos.desc(), by_user.c.external_id).limit(USERS_LISTED)
        rows = session.execute(top).all()
        users = len(rows)
        if users == USERS_LISTED:
            users = session.scalar(select(func.count(func.distinct(_USER_DAYS.c.external_id))).where(in_span)) or 0
        found.append(Listed(days, last, users, rows))
    return found


def keep_top(session: Session, paywall_id: str, found: Sequence[Listed], now: int) -> None:
    """Keeps what was found at a time, in place of what was found before."""
    for table in (_SPANS, _TOPS):
        session.execute(delete(table).where(table.c.paywall_id == paywall_id))
    connection = session.connection()
    _ADD_SPAN.run(connection, [(paywall_id, one.days, one.last_day, one.users, now) for one in found])
    _ADD_TOP.run(connection, [
        (paywall_id, one.days, rank, row[0], *map(int, row[1:]))
        for one in found
        for rank, row in enumerate(one.first, 1)
    ])  # fmt: skip
    session.execute(update(_BOOKS).where(_BOOKS.c.paywall_id == paywall_id).values(listed_at=now))
