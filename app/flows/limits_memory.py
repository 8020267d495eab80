"""Counts limits in this process's memory: exact for one process, each its own count where there are several."""

from collections.abc import Callable, Sequence

from app.domain import clock
from app.domain.limits.window import Window
from app.flows.limit_port import Counted, Take, Taken

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
        now, refused, longest = self._now(), None, 0.0
        windows: list[Window | None] = []
        for number, take in enumerate(takes):
            window = None if take.is_slot else self._window(take.name, now)
            windows.append(window)
            if window is None:
                wait = SLOT_WAIT_SECONDS if len(self._slots.get(take.name, ())) >= take.limit else 0
            else:
                wait = window.wait(now, take.limit, take.amount) / self._per_second
            if wait > longest:
                refused, longest = number, wait
        if refused is None:
            for take, window in zip(takes, windows, strict=True):
                if window is None:
                    self._slots.setdefault(take.name, set()).add(ticket)
                else:
                    window.add(now, take.amount)
        return Taken(self._counted(takes, windows, now), int(now), refused, longest)

    async def correct(self, ticket: str, takes: Sequence[Take], at: int, amounts: Sequence[int]) -> None:
        """Corrects what was counted, and gives slots back."""
        self.correct_now(ticket, takes, at, amounts)

    def correct_now(self, ticket: str, takes: Sequence[Take], at: int, amounts: Sequence[int]) -> None:
        """Does the same for whoever cannot wait."""
        now = self._now()
        for take, amount in zip(takes, amounts, strict=True):
            if take.is_slot:
                self._free(take.name, ticket)
            elif amount > take.amount:
                self._window(take.name, now).add(now, amount - take.amount)
            elif amount < take.amount:
                self._window(take.name, now).take_back(at, take.amount - amount)

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

    def _counted(self, takes: Sequence[Take], windows: Sequence[Window | None], now: float) -> tuple[Counted, ...]:
        return tuple([
            Counted(len(self._slots.get(take.name, ())), 0)
            if window is None
            else Counted(window.total, window.rest(now) / self._per_second)
            for take, window in zip(takes, windows, strict=True)
        ])  # fmt: skip

    def _free(self, name: str, ticket: str) -> None:
        held = self._slots.get(name, set())
        held.discard(ticket)
        if not held:
            self._slots.pop(name, None)
