"""Days of users in the order of paywall, day and user, as files have them: a bounded stretch at a time, however many
there are."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select, union_all
from sqlalchemy.orm import Session

from app.domain.analytics.groups import ONE, Asked, Group, others, told
from app.domain.rollups.reading import Counted, in_range, read_books
from app.domain.rollups.sums import NAMES, Sums
from app.domain.rollups.tables import RollupUserDay, RollupUserPart
from app.domain.rollups.zones import date_of, day_number
from app.sql.columns import table_of

_USER_DAYS, _USER_PARTS = table_of(RollupUserDay), table_of(RollupUserPart)


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


def read_user_parts(session: Session, asked: Asked, users: Sequence[Group]) -> Sequence[Group]:
    """Returns the parts of days of users that `read_user_days` returned, in their order."""
    if not users:
        return []
    builds = {book.paywall_id: book.build for book in read_books(session, asked.paywalls)}
    found: list[Group] = []
    for paywall_id, grouped in groupby(users, lambda one: one.paywall_id):
        days = list(grouped)
        of_build = and_(_USER_PARTS.c.paywall_id == paywall_id, _USER_PARTS.c.build == builds[paywall_id])
        rows = union_all(*_stretches(of_build, days[0], days[-1], others(asked))).subquery()
        names = [rows.c[name] for name in ("day", "external_id", *others(asked))]
        ordered = select(*names, *[func.sum(rows.c[name]) for name in NAMES]).group_by(*names).order_by(*names)
        found += [
            Group(date_of(day), user, told(asked, numbers), paywall_id, also=also)
            for day, user, also, *numbers in session.execute(ordered)
        ]
    return found


def _stretches(
    of_build: ColumnElement[bool], first: Group, last: Group, columns: Sequence[str]
) -> Iterator[Select[Any]]:
    """Yields what leads to the rows from one user's day to another's: stretches of the table's key."""
    day, user = _USER_PARTS.c.day, _USER_PARTS.c.external_id
    chosen = [_USER_PARTS.c[name] for name in ("day", "external_id", *columns, *NAMES)]
    begin, end = (day_number(one.day) for one in (first, last) if one.day is not None)
    if begin == end:
        yield select(*chosen).where(of_build, day == begin, user.between(first.name, last.name))
        return
    yield select(*chosen).where(of_build, day == begin, user >= first.name)
    yield select(*chosen).where(of_build, day > begin, day < end)
    yield select(*chosen).where(of_build, day == end, user <= last.name)
