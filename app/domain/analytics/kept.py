"""Sums that were read are kept in this process for as long as nothing more was counted of their paywalls.

A key holds all that a reading depends on, and how each paywall is counted just then, read in the reader's own snapshot:
so what is kept is what would be read, and many who look at the same page cost chat what one does.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.analytics.groups import Asked
from app.domain.rollups.reading import read_sums
from app.domain.rollups.tables import PaywallRollup
from app.domain.rollups.zones import UTC_NAME, day_of
from app.sql.columns import table_of

T = TypeVar("T")

READINGS_MAX = 200
"""How many readings are kept at once; the one that was not asked for longest goes first."""

_BOOKS = table_of(PaywallRollup)
_STATE = (_BOOKS.c.paywall_id, _BOOKS.c.zone, _BOOKS.c.build, _BOOKS.c.counted_at, _BOOKS.c.listed_at)


class Kept:
    """What was read, by what it depends on."""

    def __init__(self, most: int = READINGS_MAX) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._readings: OrderedDict[Hashable, Any] = OrderedDict()

    def read(self, session: Session, asked: Asked, offset: int, read: Callable[[], T]) -> T:
        """Returns what `read` returned for the same question about the same count, or does now; to be left as it is."""
        ids, first, last = asked.paywalls, asked.first, asked.last
        rows = session.execute(select(*_STATE).where(_BOOKS.c.paywall_id.in_(ids)).order_by(_STATE[0]))
        books = tuple(tuple(row) for row in rows)
        today = {day_of(zone, clock.now()) for zone in (UTC_NAME, *(book[1] for book in books))}
        sums = read_sums(session, ids, first, last)
        key = (str(session.get_bind().engine.url), asked, offset, books, frozenset(today), sums)
        with self._lock:
            if key in self._readings:
                self._readings.move_to_end(key)
                found: T = self._readings[key]
                return found
        made = read()
        with self._lock:
            self._readings[key] = made
            while len(self._readings) > self._most:
                self._readings.popitem(last=False)
        return made


KEPT = Kept()
"""The readings of this process."""
