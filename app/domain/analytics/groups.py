"""What paywalls came to by model, key, billing source and user, also by day: read from sums, never from a request.

Days are those of each paywall's own zone, both ends of a range belong to it, and what is not counted yet is nowhere.
Only paywalls of one unit and environment are read together.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Subquery, and_, func, select, union_all
from sqlalchemy.orm import Session

from app.domain.rollups.listing import USERS_LISTED
from app.domain.rollups.reading import SPANS, USER_DAYS_MAX, Counted, in_range, read_books, rows_in_range
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
    """The app's own id of a user, each app's for itself."""
    PAYWALL = "paywall"
    """The id of the paywall, where several are read together."""


USERS_TOLD_APART = 20
"""How many users are told apart day by day on a page: those who were charged most."""

_DAYS, _USER_DAYS, _TOTALS = table_of(RollupDay), table_of(RollupUserDay), table_of(RollupTotal)
_TOPS, _SPANS = table_of(RollupTop), table_of(RollupSpan)
ONE = timedelta(days=1)
_COLUMNS = {By.MODEL: "model", By.KEY: "key_id", By.SOURCE: "source", By.USER: "external_id", By.PAYWALL: "paywall_id"}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which sums: those of paywalls from one day to another, told apart by something, and by day too if so wished."""

    paywalls: tuple[str, ...]
    first: date
    last: date
    by: By
    is_by_day: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """One part: its day where days are told apart, and the name of its model, key, source, user or paywall.

    `paywall_id` is whose user it is, empty for what is no user. `users` is how many users had anything on a day, where
    days alone are told apart; each app's users are its own.
    """

    day: date | None
    name: str
    sums: Sums
    paywall_id: str = ""
    users: int | None = None


@dataclass(frozen=True, slots=True)
class Groups:
    """Some parts, those charged most first (of days the newest first); `is_more` where others follow.

    `are_too_many` says that there are so many days of users that a page does not add them up.
    """

    rows: Sequence[Group]
    is_more: bool = False
    are_too_many: bool = False


def read_groups(session: Session, asked: Asked, offset: int, limit: int) -> Groups:
    """Returns `limit` parts behind the first `offset`; none for paywalls that do not exist."""
    books = read_books(session, asked.paywalls)
    if not books:
        return Groups(())
    if asked.by is By.USER:
        return _read_users(session, books, asked, offset, limit)
    if asked.by is By.DAY:
        rows = rows_in_range(_TOTALS, books, asked.first, asked.last, ("day", *NAMES, "users"))
    elif asked.by is By.PAYWALL:
        rows = rows_in_range(_TOTALS, books, asked.first, asked.last)
    else:
        rows = rows_in_range(_DAYS, books, asked.first, asked.last, ("day", _COLUMNS[asked.by], *NAMES))
    return _grouped(session, rows, asked, offset, limit)


def read_user_days(session: Session, asked: Asked, after: Group | None, limit: int) -> Sequence[Group]:
    """Returns up to `limit` days of users in the order of paywall, day and user, behind one of them: for files of any
    length."""
    found: list[Group] = []
    for book in sorted(read_books(session, asked.paywalls), key=lambda book: book.paywall_id):
        if after is not None and book.paywall_id < after.paywall_id:
            continue
        first = asked.first
        if after is not None and book.paywall_id == after.paywall_id and after.day is not None:
            # Two stretches of the table's key, each of which ends on its own.
            found += _user_days(session, book, after.day, after.day, limit, after.name)
            first = after.day + ONE
        if len(found) < limit and first <= asked.last:
            found += _user_days(session, book, first, asked.last, limit - len(found))
        if len(found) >= limit:
            break
    return found


def _user_days(
    session: Session, book: Counted, first: date, last: date, limit: int, behind: str | None = None
) -> list[Group]:  # fmt: skip
    columns = (_USER_DAYS.c.day, _USER_DAYS.c.external_id, *(_USER_DAYS.c[name] for name in NAMES))
    where = in_range(_USER_DAYS, book, first, last)
    if behind is not None:
        where = and_(where, _USER_DAYS.c.external_id > behind)
    ordered = select(*columns).where(where).order_by(_USER_DAYS.c.day, _USER_DAYS.c.external_id).limit(limit)
    return [Group(date_of(row[0]), row[1], Sums(*row[2:]), book.paywall_id) for row in session.execute(ordered)]


def _grouped(session: Session, rows: Subquery, asked: Asked, offset: int, limit: int) -> Groups:
    is_by_day = asked.is_by_day or asked.by is By.DAY
    name = _COLUMNS.get(asked.by)
    names = [rows.c.day] if is_by_day else []
    names += [rows.c.paywall_id, rows.c.external_id] if asked.by is By.USER else [] if name is None else [rows.c[name]]
    columns = (*NAMES, "users") if asked.by is By.DAY else NAMES
    order = [
        *([rows.c.day.desc()] if is_by_day else []),
        func.sum(rows.c.gross_nanos).desc(),
        *(names[1:] if is_by_day else names),
    ]
    sums = [func.sum(rows.c[column]) for column in columns]
    statement = select(*names, *sums).group_by(*names).order_by(*order).offset(offset).limit(limit + 1)
    found = [_group(asked, is_by_day, len(names), row) for row in session.execute(statement)]
    return Groups(found[:limit], is_more=len(found) > limit)


def _group(asked: Asked, is_by_day: bool, named: int, row: Sequence[Any]) -> Group:
    day = date_of(row[0]) if is_by_day else None
    sums = [int(value) for value in row[named:]]  # PostgreSQL's sums of whole numbers are decimals
    if asked.by is By.DAY:
        return Group(day, "", Sums(*sums[:-1]), users=sums[-1])
    return Group(day, row[named - 1], Sums(*sums), row[named - 2] if asked.by is By.USER else "")


def _read_users(session: Session, books: Sequence[Counted], asked: Asked, offset: int, limit: int) -> Groups:
    listed = _listed(session, books, asked)
    if listed is None and _are_too_many(session, books, asked):
        return Groups((), are_too_many=True)
    rows = rows_in_range(_USER_DAYS, books, asked.first, asked.last, ("day", "external_id", *NAMES))
    if not asked.is_by_day:
        if listed is None:
            return _grouped(session, rows, asked, offset, limit)
        return Groups(listed[offset : offset + limit], is_more=len(listed) > offset + limit)
    if listed is None:
        whole = Asked(asked.paywalls, asked.first, asked.last, By.USER)
        listed = _grouped(session, rows, whole, 0, USERS_TOLD_APART).rows
    if not listed:
        return Groups(())
    return _grouped(session, _days_of(books, asked, listed[:USERS_TOLD_APART]), asked, offset, limit)


def _days_of(books: Sequence[Counted], asked: Asked, users: Sequence[Group]) -> Subquery:
    """Returns the days of a few users. Day by day the key leads to each of them; a span would be read whole."""
    days = range(day_number(asked.first), day_number(asked.last) + 1)
    builds = {book.paywall_id: book.build for book in books}
    columns = [_USER_DAYS.c[name] for name in ("paywall_id", "day", "external_id", *NAMES)]
    of_each = [
        select(*columns).where(
            _USER_DAYS.c.paywall_id == paywall_id, _USER_DAYS.c.build == builds[paywall_id], _USER_DAYS.c.day.in_(days),
            _USER_DAYS.c.external_id.in_([one.name for one in users if one.paywall_id == paywall_id]),
        )
        for paywall_id in sorted({one.paywall_id for one in users})
    ]  # fmt: skip
    return union_all(*of_each).subquery()


def _listed(session: Session, books: Sequence[Counted], asked: Asked) -> Sequence[Group] | None:
    """Returns the users that a job listed of each paywall, where the range is one of its spans for all of them; None
    where they are to be added up."""
    days = (asked.last - asked.first).days + 1
    counted = [book.paywall_id for book in books if book.counted_at is not None]
    if days not in SPANS or any(book.today != day_number(asked.last) for book in books):
        return None
    of_span = (_SPANS.c.paywall_id.in_(counted), _SPANS.c.days == days, _SPANS.c.last_day == day_number(asked.last))
    known = session.scalar(select(func.count()).select_from(_SPANS).where(*of_span))
    if not counted or known != len(counted) or not _are_too_many(session, books, asked):
        return None
    top = select(_TOPS.c.paywall_id, _TOPS.c.external_id, *[_TOPS.c[name] for name in NAMES]).where(
        _TOPS.c.paywall_id.in_(counted), _TOPS.c.days == days
    )
    best = top.order_by(_TOPS.c.gross_nanos.desc(), _TOPS.c.paywall_id, _TOPS.c.rank).limit(USERS_LISTED)
    return [Group(None, row[1], Sums(*row[2:]), row[0]) for row in session.execute(best)]


def _are_too_many(session: Session, books: Collection[Counted], asked: Asked) -> bool:
    """Tells whether a page would have to add up more days of users than it does; it looks no further."""
    rows = rows_in_range(_USER_DAYS, books, asked.first, asked.last, ())
    some = select(rows).limit(USER_DAYS_MAX + 1).subquery()
    return (session.scalar(select(func.count()).select_from(some)) or 0) > USER_DAYS_MAX
