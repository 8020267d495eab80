"""Sums that were read are kept in this process for as long as nothing more was counted of their paywalls.

A key holds all that a reading depends on, and how each paywall is counted just then, read in the reader's own snapshot:
so what is kept is what would be read, and many who look at the same page cost chat what one does.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from sqlalchemy import Text, bindparam, text
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.analytics.groups import Asked
from app.domain.rollups.zones import UTC_NAME, day_number, day_of

T = TypeVar("T")

READINGS_MAX = 200
"""How many readings are kept at once; the one that was not asked for longest goes first."""

# One plain statement: it is asked for each reading, and what SQLAlchemy does around a composed one costs more than it.
_STATE = text("""
    SELECT b.paywall_id, b.zone, b.build, b.counted_at, b.listed_at, sum(d.requests), sum(d.gross_nanos),
        sum(d.refunds_nanos)
    FROM paywall_rollup b LEFT JOIN rollup_total d ON d.paywall_id = b.paywall_id AND d.build = b.build
        AND d.day BETWEEN :first AND :last
    WHERE b.paywall_id IN :ids GROUP BY b.paywall_id, b.zone, b.build, b.counted_at, b.listed_at ORDER BY b.paywall_id
""").bindparams(bindparam("ids", expanding=True, type_=Text()))


class Kept:
    """What was read, by what it depends on."""

    def __init__(self, most: int = READINGS_MAX) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._readings: OrderedDict[Hashable, Any] = OrderedDict()

    def read(self, session: Session, asked: Asked, offset: int, read: Callable[[], T]) -> T:
        """Returns what `read` returned for the same question about the same count, or does now; to be left as it is."""
        days = {"first": day_number(asked.first), "last": day_number(asked.last)}
        books = tuple(tuple(row) for row in session.execute(_STATE, {"ids": list(asked.paywalls), **days}))
        today = {day_of(zone, clock.now()) for zone in (UTC_NAME, *(book[1] for book in books))}
        key = (str(session.get_bind().engine.url), asked, offset, books, frozenset(today))
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
