"""Where sums are kept: the row by which a paywall is counted, and the rows that what is counted is added to."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.rollups.parts import Part, Row
from app.domain.rollups.sums import NAMES, Sums, plus
from app.domain.rollups.tables import (
    PaywallRollup,
    RollupDay,
    RollupQuarter,
    RollupTotal,
    RollupUserDay,
    RollupUserPart,
)
from app.domain.rollups.zones import UTC_NAME, day_of_quarter, quarter_of
from app.sql.columns import table_of
from app.sql.statements import Read, add_up, insert

Key = TypeVar("Key", bound=tuple[object, ...])
By = tuple[int, str, str, str]
"""A time, and the model, key and source that sums are of."""
QUARTERS_KEPT = 35 * clock.DAY
"""How long rows of a quarter of an hour are kept."""

_BOOKS = table_of(PaywallRollup)
_USER_DAYS = table_of(RollupUserDay)
_OPEN = insert(_BOOKS, ("paywall_id", "zone", "build"), unless_there=True)
_LOCKED = Read(
    "SELECT paywall_id, zone, build, next_zone, next_build, next_after FROM paywall_rollup WHERE paywall_id IN ?"
    " ORDER BY paywall_id FOR NO KEY UPDATE"
)
_BY = ("model", "key_id", "source")
_ADD_QUARTER = add_up(table_of(RollupQuarter), ("paywall_id", "build", "start", *_BY), NAMES)
_ADD_DAY = add_up(table_of(RollupDay), ("paywall_id", "build", "day", *_BY), NAMES)
_ADD_USER_DAY = add_up(_USER_DAYS, ("paywall_id", "build", "day", "external_id"), NAMES)
_ADD_USER_PART = add_up(
    table_of(RollupUserPart), ("paywall_id", "build", "day", "external_id", *_BY), NAMES
)  # fmt: skip
_ADD_TOTAL = add_up(table_of(RollupTotal), ("paywall_id", "build", "day"), (*NAMES, "users"))


@dataclass(frozen=True, slots=True)
class Book:
    """A paywall's row, locked: `PaywallRollup` has what it says."""

    paywall_id: str
    zone: str
    build: int
    next_zone: str | None
    next_build: int | None
    next_after: str | None


def lock_books(session: Session, paywall_ids: Collection[str]) -> Mapping[str, Book]:
    """Returns the rows of these paywalls, opened where they are new, and lets nobody else count these paywalls until
    the transaction ends."""
    connection = session.connection()
    found = {row[0]: Book(*row) for row in _LOCKED.rows(connection, paywall_ids)}
    if new := sorted(set(paywall_ids) - set(found)):
        _OPEN.run(connection, [(paywall_id, UTC_NAME, 1) for paywall_id in new])
        found = {row[0]: Book(*row) for row in _LOCKED.rows(connection, paywall_ids)}
    return found


class Additions:
    """What is to be added to one build of one paywall, with days of a zone; written at once."""

    def __init__(self, paywall_id: str, build: int, zone: str) -> None:
        self._key = (paywall_id, build)
        self._zone = zone
        self._quarters: dict[By, Sums] = {}
        self._users: dict[tuple[int, str, str, str, str], Sums] = {}

    def add(self, row: Row, part: Part) -> None:
        """Adds what a request comes to at a time, to each model that it asked."""
        for (model, source), sums in part.told.items():
            self.add_sums(part.at, (model, row.key_id, source), row.external_id, sums)

    def add_sums(self, at: int, by: tuple[str, str, str], user: str | None, sums: Sums) -> None:
        """Adds sums of a time to a model, key and source, and to a user where there is one."""
        start = quarter_of(at)
        _add(self._quarters, (start, *by), sums)
        if user is not None:
            _add(self._users, (day_of_quarter(self._zone, start), user, *by), sums)

    def write(self, session: Session) -> None:
        """Adds it to the rows. The paywall must be locked."""
        connection = session.connection()
        oldest = clock.now() - QUARTERS_KEPT
        quarters = [(*self._key, *by, *sums) for by, sums in sorted(self._quarters.items()) if by[0] >= oldest]
        _ADD_QUARTER.run(connection, quarters)
        days: dict[By, Sums] = {}
        totals: dict[tuple[int], Sums] = {}
        for (start, model, key_id, source), sums in self._quarters.items():
            day = day_of_quarter(self._zone, start)
            _add(days, (day, model, key_id, source), sums)
            _add(totals, (day,), sums)
        _ADD_DAY.run(connection, [(*self._key, *by, *sums) for by, sums in sorted(days.items())])
        users: dict[tuple[int, str], Sums] = {}
        for (day, user, *_), sums in self._users.items():
            _add(users, (day, user), sums)
        new = self._new_users(session, users)
        _ADD_TOTAL.run(connection, [(*self._key, *by, *sums, new.get(*by, 0)) for by, sums in sorted(totals.items())])
        _ADD_USER_DAY.run(connection, [(*self._key, *by, *sums) for by, sums in sorted(users.items())])
        _ADD_USER_PART.run(connection, [(*self._key, *by, *sums) for by, sums in sorted(self._users.items())])

    def _new_users(self, session: Session, counted: Collection[tuple[int, str]]) -> Mapping[int, int]:
        """Returns how many of the users had nothing on their day before, by day."""
        by_day: dict[int, set[str]] = {}
        for day, user in counted:
            by_day.setdefault(day, set()).add(user)
        paywall_id, build = self._key
        found: dict[int, int] = {}
        for day, users in by_day.items():
            known = session.scalars(
                select(_USER_DAYS.c.external_id).where(
                    _USER_DAYS.c.paywall_id == paywall_id, _USER_DAYS.c.build == build, _USER_DAYS.c.day == day,
                    _USER_DAYS.c.external_id.in_(users),
                )
            )  # fmt: skip
            if new := len(users) - len(list(known)):
                found[day] = new
        return found


def _add(sums: dict[Key, Sums], key: Key, more: Sums) -> None:
    before = sums.get(key)
    sums[key] = more if before is None else plus(before, more)
