"""What paywalls brought and cost in a range of days: every number that a page shows of it comes from here.

No function here reads a request; all read sums that a job makes a few seconds after a request has ended
(`counted_at` says when). Days are those of the paywall's own zone, and both ends of a range belong to it. Each paywall
has one unit and environment, and numbers of two paywalls are never added up here.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, Table, and_, func, select, union_all
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.money import Environment, Unit
from app.domain.paywalls.tables import PaywallRow
from app.domain.rollups.sums import NAMES, NOTHING, Sums
from app.domain.rollups.tables import PaywallRollup, RollupSpan, RollupTop, RollupTotal, RollupUserDay
from app.domain.rollups.zones import UTC_NAME, date_of, day_number, day_of
from app.sql.columns import table_of
from app.sql.once import once

USERS_MAX = 10_000
"""How many users are counted at most: beyond that a page says "10,000+"."""
USERS_MANY = 1_000
"""From how many users on a number of some minutes ago is as good as one of now."""
USER_DAYS_MAX = 50_000
"""How many days of users are looked through to count the users of a range that no job counted."""
SPANS = (7, 30, 90)
"""The ranges up to today, in days, whose users a job counts and lists."""

_PAYWALLS, _BOOKS = table_of(PaywallRow), table_of(PaywallRollup)
_TOTALS, _USER_DAYS = table_of(RollupTotal), table_of(RollupUserDay)
_SPANS, _TOPS = table_of(RollupSpan), table_of(RollupTop)


@dataclass(frozen=True, slots=True)
class Users:
    """How many users; `is_more` where that is only the least."""

    count: int
    is_more: bool = False


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a paywall brought and cost in a range of days, in nanos of its `unit`.

    `sums` has gross, refunds, net, cost, fee, requests and tokens, the part of the net whose cost is unknown
    (`unknown_net_nanos`), and the margin of the rest, None where no cost is known. `users` had anything in the range.
    `zone` is whose days these are; `counted_at` is when anything was counted last, None before the first time.
    """

    paywall_id: str
    environment: Environment
    unit: Unit
    zone: str
    sums: Sums
    users: Users
    counted_at: int | None


@dataclass(frozen=True, slots=True)
class Recent:
    """What a paywall came to in its last days, in nanos of its `unit`."""

    environment: Environment
    unit: Unit
    sums: Sums


@dataclass(frozen=True, slots=True)
class DayNumbers:
    """One day of a paywall; all zero where nothing happened. `is_running` for today, which is not over."""

    day: date
    sums: Sums
    users: int
    is_running: bool


@dataclass(frozen=True, slots=True)
class TopUser:
    """A user of an app, by the app's own id, and what they came to in a span."""

    user: str
    sums: Sums


@dataclass(frozen=True, slots=True)
class Counted:
    """How a paywall is counted: whose days, and which `build` of its sums is read."""

    paywall_id: str
    environment: Environment
    unit: Unit
    zone: str
    build: int
    counted_at: int | None

    @property
    def today(self) -> int:
        """The day that it is in its zone, counted from 1970-01-01."""
        return day_of(self.zone, clock.now())


def today(session: Session, paywall_id: str) -> date:
    """Returns the day that it is in the zone of a paywall: the end of a range "the last 30 days"."""
    books = read_books(session, [paywall_id])
    return date_of(books[0].today if books else day_of(UTC_NAME, clock.now()))


def read_numbers(session: Session, paywall_ids: Collection[str], first: date, last: date) -> Mapping[str, Numbers]:
    """Returns what each of these paywalls came to from one day to another, both included, by its id.

    A paywall that does not exist is left out. Two short queries a paywall.
    """
    found = {}
    for book in read_books(session, paywall_ids):
        sums = _sums(session.execute(_summed(_TOTALS, in_range(_TOTALS, book, first, last))).one())
        users = count_users(session, [book], first, last)
        found[book.paywall_id] = Numbers(book.paywall_id, book.environment, book.unit, book.zone, sums, users,
                                         book.counted_at)  # fmt: skip
    return found


def read_recent(session: Session, paywall_ids: Collection[str], days: int) -> Mapping[str, Recent]:
    """Returns what each of these paywalls came to in the last `days` of its own zone, today included, by its id.

    A paywall that does not exist is left out. Two queries, however many paywalls.
    """
    if not (books := read_books(session, paywall_ids)):
        return {}
    columns = (_TOTALS.c.paywall_id, *(_TOTALS.c[name] for name in NAMES))
    of_each = (
        select(*columns).where(in_range(_TOTALS, book, date_of(book.today - days + 1), date_of(book.today)))
        for book in books
    )
    rows = union_all(*of_each).subquery()
    summed = select(rows.c.paywall_id, *(func.sum(rows.c[name]) for name in NAMES)).group_by(rows.c.paywall_id)
    found = {row[0]: _sums(row[1:]) for row in session.execute(summed)}
    return {book.paywall_id: Recent(book.environment, book.unit, found.get(book.paywall_id, NOTHING)) for book in books}


def read_sums(session: Session, paywall_ids: Collection[str], first: date, last: date) -> Sums:
    """Returns what paywalls of one unit came to together from one day to another, both included, in one query."""
    if not (books := read_books(session, paywall_ids)):
        return NOTHING
    rows = rows_in_range(_TOTALS, books, first, last)
    return _sums(session.execute(select(*[func.coalesce(func.sum(rows.c[name]), 0) for name in NAMES])).one())


def read_days(session: Session, paywall_id: str, first: date, last: date) -> Sequence[DayNumbers]:
    """Returns each day from one to another, both included, the oldest first, also those on which nothing happened.

    Nothing for a paywall that does not exist.
    """
    for book in read_books(session, [paywall_id]):
        columns = [_TOTALS.c[name] for name in (*NAMES, "users", "day")]
        rows = session.execute(select(*columns).where(in_range(_TOTALS, book, first, last))).all()
        found = {day: (Sums(*sums), users) for *sums, users, day in rows}
        return [
            DayNumbers(date_of(day), *found.get(day, (NOTHING, 0)), is_running=day == book.today)
            for day in range(day_number(first), day_number(last) + 1)
        ]
    return []


def read_began(session: Session, paywall_ids: Collection[str]) -> date | None:
    """Returns the first day of which any of these paywalls has sums; None where none has any yet."""
    if not (books := read_books(session, paywall_ids)):
        return None
    of_each = [
        select(func.min(_TOTALS.c.day).label("day")).where(
            _TOTALS.c.paywall_id == book.paywall_id, _TOTALS.c.build == book.build
        )
        for book in books
    ]
    day = session.scalar(select(func.min(union_all(*of_each).subquery().c.day)))
    return None if day is None else date_of(day)


def read_user(session: Session, paywall_id: str, user: str, first: date, last: date) -> Sums:
    """Returns what one user of a paywall came to from one day to another, both included."""
    for book in read_books(session, [paywall_id]):
        # The key's days stand before its users: day by day it leads to the user, a span would be read whole.
        days = range(day_number(first), day_number(last) + 1)
        of_user = and_(_USER_DAYS.c.paywall_id == book.paywall_id, _USER_DAYS.c.build == book.build,
                       _USER_DAYS.c.day.in_(days), _USER_DAYS.c.external_id == user)  # fmt: skip
        return _sums(session.execute(_summed(_USER_DAYS, of_user)).one())
    return NOTHING


def read_top_users(session: Session, paywall_id: str, days: int, limit: int = 100) -> Sequence[TopUser]:
    """Returns the users who were charged most in the last 7, 30 or 90 days, at most 100, as a job listed them."""
    statement = (
        select(_TOPS.c.external_id, *[_TOPS.c[name] for name in NAMES])
        .where(_TOPS.c.paywall_id == paywall_id, _TOPS.c.days == days)
        .order_by(_TOPS.c.rank)
        .limit(limit)
    )
    return [TopUser(row[0], Sums(*row[1:])) for row in session.execute(statement)]


def read_books(session: Session, paywall_ids: Collection[str]) -> Sequence[Counted]:
    """Returns how each of these paywalls is counted; one that does not exist is left out."""
    return once(session, (read_books, frozenset(paywall_ids)), lambda: _read_books(session, paywall_ids))


def _read_books(session: Session, paywall_ids: Collection[str]) -> Sequence[Counted]:
    statement = (
        select(_PAYWALLS.c.id, _PAYWALLS.c.environment, _PAYWALLS.c.unit, _BOOKS.c.zone, _BOOKS.c.build,
               _BOOKS.c.counted_at)
        .join(_BOOKS, _BOOKS.c.paywall_id == _PAYWALLS.c.id, isouter=True)
        .where(_PAYWALLS.c.id.in_(paywall_ids))
    )  # fmt: skip
    return [
        Counted(row.id, Environment(row.environment), Unit(row.unit), row.zone or UTC_NAME, row.build or 0,
              row.counted_at)
        for row in session.execute(statement)
    ]  # fmt: skip


def in_range(table: Table, book: Counted, first: date, last: date) -> ColumnElement[bool]:
    """Returns the condition of the days of a range; they are a stretch of the table's key."""
    days = table.c.day.between(day_number(first), day_number(last))
    return and_(table.c.paywall_id == book.paywall_id, table.c.build == book.build, days)


def rows_in_range(
    table: Table, books: Collection[Counted], first: date, last: date, columns: Iterable[str] = ("day", *NAMES)
) -> Subquery:  # fmt: skip
    """Returns the rows of a range of at least one paywall as one table with these columns and `paywall_id`."""
    chosen = [table.c.paywall_id, *(table.c[name] for name in columns)]
    return union_all(*[select(*chosen).where(in_range(table, book, first, last)) for book in books]).subquery()


def _summed(table: Table, of_these: ColumnElement[bool]) -> Select[Any]:
    return select(*[func.coalesce(func.sum(table.c[name]), 0) for name in NAMES]).where(of_these)


def _sums(row: Iterable[int]) -> Sums:
    return Sums(*map(int, row))  # PostgreSQL's sums of whole numbers are decimals


def count_users(session: Session, books: Iterable[Counted], first: date, last: date) -> Users:
    """Returns how many users paywalls had from one day to another, both included; each app's users are its own.

    A single day's number is kept. That of a span up to today is what a job counted a few minutes ago, where there are
    many; else they are counted now, no further than pages do.
    """
    count, rest = 0, []
    for book in books:
        kept = _kept_users(session, book, day_number(first), day_number(last))
        if kept is None:
            rest.append(book)
        else:
            count += kept
    if not rest:
        return Users(count)
    rows = rows_in_range(_USER_DAYS, rest, first, last, ("external_id",))
    some = select(rows).limit(USER_DAYS_MAX + 1).subquery()
    # Grouped, they are hashed; counted as distinct, PostgreSQL sorts them in the order of a language first.
    one_user = (some.c.paywall_id, some.c.external_id)
    users = select(func.count().label("days")).select_from(some).group_by(*one_user).subquery()
    looked_at, found = session.execute(select(func.coalesce(func.sum(users.c.days), 0), func.count(users.c.days))).one()
    return Users(count + min(found, USERS_MAX), is_more=found > USERS_MAX or looked_at > USER_DAYS_MAX)


def _kept_users(session: Session, book: Counted, first: int, last: int) -> int | None:
    if first == last:
        of_day = (_TOTALS.c.paywall_id == book.paywall_id, _TOTALS.c.build == book.build, _TOTALS.c.day == first)
        return session.scalar(select(_TOTALS.c.users).where(*of_day)) or 0
    if last < book.today or (days := last - first + 1) not in SPANS:
        return None
    of_span = (_SPANS.c.paywall_id == book.paywall_id, _SPANS.c.days == days, _SPANS.c.last_day == last)
    counted = session.scalar(select(_SPANS.c.users).where(*of_span))
    return counted if counted is not None and counted >= USERS_MANY else None
