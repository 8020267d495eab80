"""What becomes of limits while what counts them is away: nobody gets through, or each process counts alone.

It is asked again a moment later, so that its return needs nobody.
"""

from collections.abc import Callable, Sequence

import structlog

from app.domain import clock
from app.domain.errors import Unavailable
from app.ports.limits import LimitCounter, Take, Taken

log = structlog.get_logger()

PAUSE_SECONDS = 1.0
"""For how long a counter that was away is not asked again; one request then tries."""


class OutageProof:
    """A shared counter with this process's own, `alone`, in its place while it is away; None lets nobody through."""

    def __init__(
        self,
        shared: LimitCounter,
        alone: LimitCounter | None,
        now_seconds: Callable[[], float] = clock.monotonic_seconds,
    ) -> None:
        self._shared = shared
        self._alone = alone
        self._now_seconds = now_seconds
        self._is_away = False
        self._ask_at = 0.0
        self._counted_alone: set[str] = set()

    async def take(self, ticket: str, takes: Sequence[Take]) -> Taken:
        """Takes all or nothing. Raises Unavailable where nobody may count alone."""
        failure = Unavailable("The limits cannot be counted right now; nothing was charged.")
        now = self._now_seconds()
        if not self._is_away or now >= self._ask_at:
            self._ask_at = now + PAUSE_SECONDS
            try:
                taken = await self._shared.take(ticket, takes)
            except Unavailable as error:
                self._went(error)
            else:
                self._came()
                return taken
        if self._alone is None:
            raise failure
        taken = await self._alone.take(ticket, takes)
        if taken.refused is None:
            self._counted_alone.add(ticket)
        return taken

    async def correct(self, ticket: str, takes: Sequence[Take], at: int, amounts: Sequence[int]) -> None:
        """Corrects where it was counted; what cannot be corrected stands, and its slots run out."""
        if ticket in self._counted_alone and self._alone is not None:
            self._counted_alone.discard(ticket)
            await self._alone.correct(ticket, takes, at, amounts)
            return
        try:
            await self._shared.correct(ticket, takes, at, amounts)
        except Unavailable as error:
            self._went(error)

    async def close(self) -> None:
        """Closes both."""
        await self._shared.close()
        if self._alone is not None:
            await self._alone.close()

    def _went(self, error: Unavailable) -> None:
        self._ask_at = self._now_seconds() + PAUSE_SECONDS
        if not self._is_away:
            self._is_away = True
            policy = "closed" if self._alone is None else "open"
            log.error("limits", step="away", policy=policy, error=error.message)

    def _came(self) -> None:
        if self._is_away:
            self._is_away = False
            log.info("limits", step="back")
