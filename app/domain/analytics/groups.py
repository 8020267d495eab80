"""What paywalls came to by one or two of day, model, key, billing source, user and paywall: read from sums, never from
a request.

Days are those of each paywall's own zone, both ends of a range belong to it, and what is not counted yet is nowhere.
Only paywalls of one unit and environment are read together.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Subquery, Table, func, select, union_all
from sqlalchemy.orm import Session

from app.domain.rollups.listing import USERS_LISTED
from app.domain.rollups.reading import SPANS, USER_DAYS_MAX, Counted, read_books, rows_in_range
from app.domain.rollups.sums import NAMES, Sums
from app.domain.rollups.tables import RollupDay, RollupSpan, RollupTop, RollupTotal, RollupUserDay, RollupUserPart
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
"""How many users are told apart by something else too on a page that has too many: those who were charged most."""

ROWS_TOLD_APART = 10_000
"""Up to how many rows all users are told apart by something else too."""

_DAYS, _TOTALS = table_of(RollupDay), table_of(RollupTotal)
_USER_DAYS, _USER_PARTS = table_of(RollupUserDay), table_of(RollupUserPart)
_TOPS, _SPANS = table_of(RollupTop), table_of(RollupSpan)
ONE = timedelta(days=1)
_COLUMNS = {By.MODEL: "model", By.KEY: "key_id", By.SOURCE: "source", By.USER: "external_id", By.PAYWALL: "paywall_id"}
_OF_PARTS = frozenset({By.MODEL, By.KEY, By.SOURCE})
"""What days alone do not tell apart."""
_OF_ANSWERS = frozenset({By.MODEL, By.SOURCE})
"""What one request may have several of."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which sums: those of paywalls from one day to another, told apart by something, and by something else too, if so
    wished: by days, `and_by` is `DAY`."""

    paywalls: tuple[str, ...]
    first: date
    last: date
    by: By
    and_by: By | None = None

    @property
    def things(self) -> tuple[By, ...]:
        """What they are told apart by beside days."""
        return tuple(one for one in (self.by, self.and_by) if one not in (None, By.DAY))

    @property
    def is_by_day(self) -> bool:
        """Whether days are told apart."""
        return By.DAY in (self.by, self.and_by)


@dataclass(frozen=True, slots=True)
class Group:
    """One part: its day where days are told apart, and the name of its model, key, source, user or paywall.

    `also` is the name of the second thing that is told apart beside days. `paywall_id` is whose user it is, empty for
    what is no user. `users` is how many users had anything on a day, where days alone are told apart; each app's users
    are its own. By model and source, `requests` are those that asked it: several models may have been asked by one.
    """

    day: date | None
    name: str
    sums: Sums
    paywall_id: str = ""
    users: int | None = None
    also: str = ""


@dataclass(frozen=True, slots=True)
class Groups:
    """Some parts, those charged most first (of days the newest first); `is_more` where others follow.

    `are_too_many` says that there are so many days of users that a page does not add them up, `are_of_first` that only
    the first users are among them.
    """

    rows: Sequence[Group]
    is_more: bool = False
    are_too_many: bool = False
    are_of_first: bool = False


def read_groups(session: Session, asked: Asked, offset: int, limit: int) -> Groups:
    """Returns `limit` parts behind the first `offset`; none for paywalls that do not exist."""
    books = read_books(session, asked.paywalls)
    if not books:
        return Groups(())
    if By.USER in asked.things:
        return _read_users(session, books, asked, offset, limit)
    if asked.things == ():
        rows = rows_in_range(_TOTALS, books, asked.first, asked.last, ("day", *NAMES, "users"))
    elif asked.things == (By.PAYWALL,):
        rows = rows_in_range(_TOTALS, books, asked.first, asked.last)
    else:
        rows = rows_in_range(_DAYS, books, asked.first, asked.last, ("day", *_columns(asked), *NAMES))
    return _grouped(session, rows, asked, offset, limit)


def _columns(asked: Asked) -> Sequence[str]:
    """Returns the columns of what is told apart but the paywall's, which every row has."""
    return [_COLUMNS[one] for one in asked.things if one is not By.PAYWALL]


def others(asked: Asked) -> Sequence[str]:
    """Returns the columns of what users are told apart by beside days and their paywall."""
    return [name for name in _columns(asked) if name != _COLUMNS[By.USER]]


def _grouped(session: Session, rows: Subquery, asked: Asked, offset: int, limit: int) -> Groups:
    names = [rows.c.day] if asked.is_by_day else []
    for one in asked.things:
        names += [rows.c.paywall_id, rows.c.external_id] if one is By.USER else [rows.c[_COLUMNS[one]]]
    columns = NAMES if asked.things else (*NAMES, "users")
    order = [
        *([rows.c.day.desc()] if asked.is_by_day else []),
        func.sum(rows.c.gross_nanos).desc(),
        *(names[1:] if asked.is_by_day else names),
    ]
    sums = [func.sum(rows.c[column]) for column in columns]
    statement = select(*names, *sums).group_by(*names).order_by(*order).offset(offset).limit(limit + 1)
    found = [_group(asked, row) for row in session.execute(statement)]
    return Groups(found[:limit], is_more=len(found) > limit)


def _group(asked: Asked, row: Sequence[Any]) -> Group:
    values = iter(row)
    day = date_of(next(values)) if asked.is_by_day else None
    paywall_id, names = "", ["", ""]
    for place, one in enumerate(asked.things):
        paywall_id = next(values) if one is By.USER else paywall_id
        names[place] = next(values)
    numbers = [int(value) for value in values]  # PostgreSQL's sums of whole numbers are decimals
    if not asked.things:
        return Group(day, "", Sums(*numbers[:-1]), users=numbers[-1])
    return Group(day, names[0], told(asked, numbers), paywall_id, also=names[1])


def told(asked: Asked, numbers: Iterable[int]) -> Sums:
    """Returns sums whose requests are those that asked, where one may have asked several: `also_asked` are of them."""
    sums = Sums(*map(int, numbers))
    return sums if _OF_ANSWERS.isdisjoint(asked.things) else sums._replace(requests=sums.asked)


def _as_asked(asked: Asked, user: Group) -> Group:
    names = {By.USER: user.name, By.PAYWALL: user.paywall_id, None: ""}
    return replace(user, name=names[asked.by], also=names[asked.and_by])


def _read_users(session: Session, books: Sequence[Counted], asked: Asked, offset: int, limit: int) -> Groups:
    listed = _listed(session, books, asked)
    if listed is None and _are_too_many(session, books, asked):
        return Groups((), are_too_many=True)
    days = rows_in_range(_USER_DAYS, books, asked.first, asked.last, ("day", "external_id", *NAMES))
    if not asked.is_by_day and _OF_PARTS.isdisjoint(asked.things):
        if listed is None:
            return _grouped(session, days, asked, offset, limit)
        named = [_as_asked(asked, one) for one in listed[offset : offset + limit]]
        return Groups(named, is_more=len(listed) > offset + limit)
    table = _USER_DAYS if _OF_PARTS.isdisjoint(asked.things) else _USER_PARTS
    if listed is None and not _are_too_many(session, books, asked, table, ROWS_TOLD_APART):
        rows = rows_in_range(table, books, asked.first, asked.last, ("day", "external_id", *others(asked), *NAMES))
        return _grouped(session, rows, asked, offset, limit)
    if listed is None:
        whole = Asked(asked.paywalls, asked.first, asked.last, By.USER)
        listed = _grouped(session, days, whole, 0, USERS_TOLD_APART).rows
    if not listed:
        return Groups(())
    rows = _days_of(books, asked, listed[:USERS_TOLD_APART], table)
    return replace(_grouped(session, rows, asked, offset, limit), are_of_first=True)


def _days_of(books: Sequence[Counted], asked: Asked, users: Sequence[Group], table: Table) -> Subquery:
    """Returns the days of a few users. Day by day the key leads to each of them; a span would be read whole."""
    days = range(day_number(asked.first), day_number(asked.last) + 1)
    builds = {book.paywall_id: book.build for book in books}
    columns = [table.c[name] for name in ("paywall_id", "day", "external_id", *others(asked), *NAMES)]
    of_each = [
        select(*columns).where(
            table.c.paywall_id == paywall_id, table.c.build == builds[paywall_id], table.c.day.in_(days),
            table.c.external_id.in_([one.name for one in users if one.paywall_id == paywall_id]),
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


def _are_too_many(
    session: Session, books: Collection[Counted], asked: Asked, table: Table = _USER_DAYS, most: int | None = None
) -> bool:  # fmt: skip
    """Tells whether a page would have to add up more rows of users than it does; it looks no further."""
    most = USER_DAYS_MAX if most is None else most
    some = select(rows_in_range(table, books, asked.first, asked.last, ())).limit(most + 1).subquery()
    return (session.scalar(select(func.count()).select_from(some)) or 0) > most
