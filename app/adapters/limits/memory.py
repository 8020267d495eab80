"""Counts limits in this process's memory: exact for one process, each its own count where there are several."""

from collections.abc import Callable, Sequence

from app.domain import clock
from app.domain.limits.window import Window
from app.ports.limits import Counted, Take, Taken

SLICES_PER_SECOND = 10
SLOT_WAIT_SECONDS = 1.0
"""When to ask again for a slot; nobody knows when one becomes free."""
SWEEP_SECONDS = 60
"""How often what nothing is counted in is forgotten."""


class MemoryLimits:
    """The counter of one process. Nothing in it waits, so that no two requests are ever in the middle of it."""

    def __init__(
        self, now_seconds: Callable[[], float] = clock.monotonic_seconds, slices_per_second: float = SLICES_PER_SECOND
    ) -> None:
        self._now_seconds = now_seconds
        self._per_second = slices_per_second
        self._windows: dict[str, Window] = {}
        self._slots: dict[str, set[str]] = {}
        self._swept_at = now_seconds()

    async def take(self, ticket: str, takes: Sequence[Take]) -> Taken:
        """Takes all or nothing."""
        return self.take_now(ticket, takes)

    def take_now(self, ticket: str, takes: Sequence[Take]) -> Taken:
        """Does the same for whoever cannot wait."""
        now = self._now()
        windows: list[Window | None] = []
        for take in takes:
            window = None if take.is_slot else self._window(take.name, now)
            if window is None:
                is_full = len(self._slots.get(take.name, ())) >= take.limit
            else:
                is_full = window.total + take.amount > take.limit
            if is_full:
                return self._refusal(takes, now)
            windows.append(window)
        counted = []
        for take, window in zip(takes, windows, strict=True):
            if window is None:
                slots = self._slots.setdefault(take.name, set())
                slots.add(ticket)
                counted.append(Counted(len(slots), 0))
            else:
                window.add(now, take.amount)
                counted.append(Counted(window.total, window.rest(now) / self._per_second))
        return Taken(tuple(counted), int(now))

    def _refusal(self, takes: Sequence[Take], now: float) -> Taken:
        """Says which limit lets a request wait longest, and where all of them stand."""
        counted, waits = [], []
        for take in takes:
            if take.is_slot:
                used = len(self._slots.get(take.name, ()))
                waits.append(SLOT_WAIT_SECONDS if used >= take.limit else 0)
                counted.append(Counted(used, 0))
            else:
                window = self._window(take.name, now)
                waits.append(window.wait(now, take.limit, take.amount) / self._per_second)
                counted.append(Counted(window.total, window.rest(now) / self._per_second))
        longest = max(waits)
        return Taken(tuple(counted), int(now), waits.index(longest), longest)

    async def correct(self, ticket: str, takes: Sequence[Take], at: int, amounts: Sequence[int]) -> None:
        """Corrects what was counted, and gives slots back."""
        self.correct_now(ticket, takes, at, amounts)

    def correct_now(self, ticket: str, takes: Sequence[Take], at: int, amounts: Sequence[int]) -> None:
        """Does the same for whoever cannot wait."""
        for take, amount in zip(takes, amounts, strict=True):
            if take.is_slot:
                self._free(take.name, ticket)
            elif amount > take.amount:
                now = self._now()
                self._window(take.name, now).add(now, amount - take.amount)
            elif amount < take.amount and (window := self._windows.get(take.name)) is not None:
                window.take_back(at, take.amount - amount)

    async def close(self) -> None:
        """Forgets everything."""
        self._windows.clear()
        self._slots.clear()

    def _now(self) -> float:
        """Returns the time in slices; from time to time, forgets what nothing is counted in."""
        seconds = self._now_seconds()
        now = seconds * self._per_second
        if seconds - self._swept_at > SWEEP_SECONDS:
            self._swept_at = seconds
            self._windows = {name: window for name, window in self._windows.items() if window.rest(now) > 0}
        return now

    def _window(self, name: str, now: float) -> Window:
        window = self._windows.get(name)
        if window is None:
            window = self._windows[name] = Window()
        window.move(now)
        return window

    def _free(self, name: str, ticket: str) -> None:
        held = self._slots.get(name, set())
        held.discard(ticket)
        if not held:
            self._slots.pop(name, None)
