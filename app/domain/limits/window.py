"""A minute that moves: what was counted in the last 60 seconds, in slices of a tenth of one. Pure: the time is given.

A slice counts until all of it is more than a minute old, so that no 60 seconds, wherever they begin, see more than was
let through by this count; what was counted is counted for 60.0 to 60.1 seconds. Nothing is kept but one number for each
slice in which something was counted.
"""

from collections.abc import Iterator
from itertools import takewhile

WINDOW_SLICES = 600


class Window:
    """The count of one limit. Times are numbers of slices, with a fraction."""

    __slots__ = ("_moved_to", "_slices", "total")

    def __init__(self) -> None:
        self._slices: dict[int, int] = {}
        self._moved_to = -1
        self.total = 0

    def move(self, now: float) -> None:
        """Forgets what is too old to count."""
        if int(now) == self._moved_to:
            return
        self._moved_to = int(now)
        gone = list(takewhile(lambda each: each < int(now) - WINDOW_SLICES, self._slices))
        for each in gone:
            self.total -= self._slices.pop(each)

    def add(self, now: float, amount: int) -> None:
        """Counts something from now on."""
        self._slices[int(now)] = self._slices.get(int(now), 0) + amount
        self.total += amount

    def take_back(self, at: int, amount: int) -> None:
        """Counts less in the slice in which it was counted, if that still counts."""
        if at in self._slices:
            self._slices[at] -= amount
            self.total -= amount

    def wait(self, now: float, limit: int, amount: int) -> float:
        """Returns after how many slices an amount, at most the limit, would fit; 0 for now."""
        excess, at = self.total + amount - limit, now
        if excess <= 0:
            return 0
        for end, counted in self._ends():
            if excess <= 0:
                break
            excess, at = excess - counted, end
        return at - now

    def rest(self, now: float) -> float:
        """Returns after how many slices nothing is counted any more."""
        if self._slices.get(int(now)):
            return int(now) + WINDOW_SLICES + 1 - now
        for each, counted in reversed(self._slices.items()):
            if counted:
                return each + WINDOW_SLICES + 1 - now
        return 0

    def _ends(self) -> Iterator[tuple[int, int]]:
        """Yields when each slice stops counting, the oldest first, and what is counted in it."""
        return ((each + WINDOW_SLICES + 1, counted) for each, counted in self._slices.items())
