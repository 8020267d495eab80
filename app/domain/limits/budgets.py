"""How much of something may be had: so many at once, and so many a second from then on. In this process's memory.

Whoever has had nothing for a while is forgotten, so a table of budgets is as large as what happens now.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from app.domain import clock

KEPT_MAX = 20_000
"""How many peers' budgets are kept; the one that asked longest ago is forgotten first."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may be had at once, and what comes back each second."""

    at_once: float
    a_second: float


class Budget:
    """One holder's budget. Reading the clock is the caller's choice, so that a test can let time pass."""

    __slots__ = ("_allowance", "_at", "_left")

    def __init__(self, allowance: Allowance, at: float) -> None:
        self._allowance, self._left, self._at = allowance, allowance.at_once, at

    def take(self, at: float) -> bool:
        """Takes one, if there is one left at this time, in seconds."""
        self._left = min(self._left + (at - self._at) * self._allowance.a_second, self._allowance.at_once)
        self._at = at
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Budgets:
    """Budgets of many holders, each of the same size."""

    def __init__(self, allowance: Allowance, now: Callable[[], float] = clock.monotonic_seconds) -> None:
        self._allowance, self._now = allowance, now
        self._of: OrderedDict[str, Budget] = OrderedDict()

    def take(self, holder: str) -> bool:
        """Takes one from a holder's budget, if there is one left."""
        at, found = self._now(), self._of.get(holder)
        if found is None:
            found = self._of[holder] = Budget(self._allowance, at)
            if len(self._of) > KEPT_MAX:
                self._of.popitem(last=False)
        else:
            self._of.move_to_end(holder)
        return found.take(at)
