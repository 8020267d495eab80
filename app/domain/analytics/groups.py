"""What a paywall came to by model, key, billing source and user, also by day: read from sums, never from a request.

Days are those of the paywall's own zone, both ends of a range belong to it, and what is not counted yet is nowhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, func, select
from sqlalchemy.orm import Session

from app.domain.rollups.reading import SPANS, USER_DAYS_MAX, Counted, in_range, read_books
from app.domain.rollups.sums import NAMES, Sums
from app.domain.rollups.tables import RollupDay, RollupSpan, RollupTop, RollupTotal, RollupUserDay
from app.domain.rollups.zones import date_of, day_number
from app.sql.columns import table_of


class By(StrEnum):
    """By what sums are told apart."""

    DAY = "day"
    """Each day with all that happened on it."""
    MODEL = "model"
    """The model that answered; empty for charges that no model made."""
    KEY = "key"
    """The id of the app's key that asked; empty where none did."""
    SOURCE = "source"
    """Who paid the provider: `platform` or `byok`."""
    USER = "user"
    """The app's own id of a user."""


USERS_TOLD_APART = 20
"""How many users are told apart day by day on a page: those who were charged most."""

_DAYS, _USER_DAYS, _TOTALS = table_of(RollupDay), table_of(RollupUserDay), table_of(RollupTotal)
_TOPS, _SPANS = table_of(RollupTop), table_of(RollupSpan)
_COLUMNS: dict[By, ColumnElement[str]] = {
    By.MODEL: _DAYS.c.model, By.KEY: _DAYS.c.key_id, By.SOURCE: _DAYS.c.source, By.USER: _USER_DAYS.c.external_id,
}  # fmt: skip
Plain = tuple[date | None, str, Sums]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which sums: those of a paywall from one day to another, told apart by something, and by day too if so wished."""

    paywall_id: str
    first: date
    last: date
    by: By
    is_by_day: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """One part: its day where days are told apart, and the name of its model, key, source or user."""

    day: date | None
    name: str
    sums: Sums


@dataclass(frozen=True, slots=True)
class Groups:
    """Some parts, those charged most first (of days the newest first); `is_more` where others follow.

    `are_too_many` says that there are so many days of users that a page does not add them up.
    """

    rows: Sequence[Group]
    is_more: bool = False
    are_too_many: bool = False


def read_groups(session: Session, asked: Asked, offset: int, limit: int) -> Groups:
    """Returns `limit` parts behind the first `offset`; none for a paywall that does not exist."""
    for book in read_books(session, [asked.paywall_id]):
        if asked.by is By.USER:
            return _read_users(session, book, asked, offset, limit)
        if asked.by is By.DAY:
            return _grouped(session, _TOTALS, in_range(_TOTALS, book, asked.first, asked.last), asked, offset, limit)
        return _grouped(session, _DAYS, in_range(_DAYS, book, asked.first, asked.last), asked, offset, limit)
    return Groups(())


def read_user_days(session: Session, asked: Asked, after: tuple[date, str] | None, limit: int) -> Sequence[Group]:
    """Returns up to `limit` days of users in the order of day and user, behind one of them: for files of any length."""
    for book in read_books(session, [asked.paywall_id]):
        where = in_range(_USER_DAYS, book, asked.first, asked.last)
        if after is not None:
            # Two stretches of the table's key, each of which ends on its own.
            same = and_(where, _USER_DAYS.c.day == day_number(after[0]), _USER_DAYS.c.external_id > after[1])
            found = _user_days(session, same, limit)
            if len(found) == limit:
                return found
            return [*found, *_user_days(session, and_(where, _USER_DAYS.c.day > day_number(after[0])),
                                        limit - len(found))]  # fmt: skip
        return _user_days(session, where, limit)
    return []


def _user_days(session: Session, where: ColumnElement[bool], limit: int) -> list[Group]:
    columns = (_USER_DAYS.c.day, _USER_DAYS.c.external_id, *(_USER_DAYS.c[name] for name in NAMES))
    ordered = select(*columns).where(where).order_by(_USER_DAYS.c.day, _USER_DAYS.c.external_id).limit(limit)
    return [Group(date_of(row[0]), row[1], Sums(*row[2:])) for row in session.execute(ordered)]


def _grouped(
    session: Session, table: Table, where: ColumnElement[bool], asked: Asked, offset: int, limit: int
) -> Groups:  # fmt: skip
    name = _COLUMNS.get(asked.by)
    is_by_day = asked.is_by_day or name is None
    by: list[ColumnElement[Any]] = [*([table.c.day] if is_by_day else []), *([] if name is None else [name])]
    sums = [func.sum(table.c[column]) for column in NAMES]
    gross = func.sum(table.c.gross_nanos)
    order = ([table.c.day.desc()] if is_by_day else []) + [gross.desc(), *([] if name is None else [name])]
    statement = select(*by, *sums).where(where).group_by(*by).order_by(*order).offset(offset).limit(limit + 1)
    found = []
    for row in session.execute(statement):
        day = date_of(row[0]) if is_by_day else None
        found.append(Group(day, "" if name is None else row[len(by) - 1], Sums(*map(int, row[len(by) :]))))
    return Groups(found[:limit], is_more=len(found) > limit)


def _read_users(session: Session, book: Counted, asked: Asked, offset: int, limit: int) -> Groups:
    where = in_range(_USER_DAYS, book, asked.first, asked.last)
    listed = _listed(session, book, asked)
    if listed is None and _are_too_many(session, where):
        return Groups((), are_too_many=True)
    if not asked.is_by_day:
        if listed is None:
            return _grouped(session, _USER_DAYS, where, asked, offset, limit)
        return Groups(listed[offset : offset + limit], is_more=len(listed) > offset + limit)
    if listed is None:
        whole = Asked(asked.paywall_id, asked.first, asked.last, By.USER)
        listed = _grouped(session, _USER_DAYS, where, whole, 0, USERS_TOLD_APART).rows
    # Day by day the key leads to each user; a span would be read whole.
    days = range(day_number(asked.first), day_number(asked.last) + 1)
    of_these = and_(
        _USER_DAYS.c.paywall_id == book.paywall_id, _USER_DAYS.c.build == book.build, _USER_DAYS.c.day.in_(days),
        _USER_DAYS.c.external_id.in_([one.name for one in listed[:USERS_TOLD_APART]]),
    )  # fmt: skip
    return _grouped(session, _USER_DAYS, of_these, asked, offset, limit)


def _listed(session: Session, book: Counted, asked: Asked) -> Sequence[Group] | None:
    """Returns the users that a job listed, where the range is one of its spans; None where they are to be added up."""
    days = (asked.last - asked.first).days + 1
    if day_number(asked.last) != book.today or days not in SPANS:
        return None
    of_span = and_(_SPANS.c.paywall_id == book.paywall_id, _SPANS.c.days == days, _SPANS.c.last_day == book.today)
    users = session.scalar(select(_SPANS.c.users).where(of_span))
    if users is None or not _are_too_many(session, in_range(_USER_DAYS, book, asked.first, asked.last)):
        return None
    top = select(_TOPS.c.external_id, *[_TOPS.c[name] for name in NAMES]).where(
        _TOPS.c.paywall_id == book.paywall_id, _TOPS.c.days == days
    )
    return [Group(None, row[0], Sums(*row[1:])) for row in session.execute(top.order_by(_TOPS.c.rank))]


def _are_too_many(session: Session, where: ColumnElement[bool]) -> bool:
    """Tells whether a page would have to add up more days of users than it does; it looks no further."""
    some = select(_USER_DAYS.c.day).where(where).limit(USER_DAYS_MAX + 1).subquery()
    return (session.scalar(select(func.count()).select_from(some)) or 0) > USER_DAYS_MAX
