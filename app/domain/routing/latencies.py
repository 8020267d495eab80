"""How quickly models began to answer lately: the median of the successes of the last minutes. Pure but for its memory.

Failures are no part of it: what fails at once would look quickest.
"""

from collections import deque
from statistics import median

from app.domain.clock import SECOND

WINDOW_MICROSECONDS = 300 * SECOND
"""How far back an answer counts."""
SAMPLES_MIN = 3
"""Of fewer answers than these nothing can be said."""
SAMPLES_MAX = 200
"""How many are kept of one model."""


class Latencies:
    """First tokens of one model, as they came."""

    def __init__(self) -> None:
        self._samples: deque[tuple[int, int]] = deque(maxlen=SAMPLES_MAX)

    def note(self, at: int, milliseconds: int) -> None:
        """Notes that an answer began at this time, so long after it was asked for."""
        self._samples.append((at, milliseconds))

    def median(self, now: int) -> int | None:
        """Returns the median of the last minutes in milliseconds; None where it is of too few."""
        while self._samples and self._samples[0][0] <= now - WINDOW_MICROSECONDS:
            self._samples.popleft()
        if len(self._samples) < SAMPLES_MIN:
            return None
        return round(median(milliseconds for _, milliseconds in self._samples))
