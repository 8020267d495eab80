"""What may be said only once a minute: so much of each kind, however often it happens."""

from collections import OrderedDict
from collections.abc import Callable

from app.domain import clock

PAUSE_SECONDS = 60.0
KINDS_MAX = 1_000


class Seldom:
    """Says of each kind of line whether it may be written now."""

    def __init__(
        self, now: Callable[[], float] = clock.monotonic_seconds, pause_seconds: float = PAUSE_SECONDS
    ) -> None:
        self._now, self._pause_seconds = now, pause_seconds
        self._last: OrderedDict[str, float] = OrderedDict()

    def may(self, kind: str) -> bool:
        """Tells whether a line of this kind may be written, and takes it as written."""
        at, last = self._now(), self._last.get(kind)
        if last is not None and at - last < PAUSE_SECONDS:
            return False
        self._last[kind] = at
        self._last.move_to_end(kind)
        if len(self._last) > KINDS_MAX:
            self._last.popitem(last=False)
        return True
