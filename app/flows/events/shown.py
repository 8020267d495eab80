"""Links that users were shown, written down behind the answers for the funnel: many at once, and nobody waits."""

import asyncio
from functools import partial

import structlog

from app import db
from app.domain import clock
from app.domain.errors import Unavailable
from app.domain.funnel.rounds import Shown, note_shown
from app.each_alone import alone
from app.keeper import Keeper

log = structlog.get_logger()

PAUSE_SECONDS = 60
"""For how long another link of the same user is not written down: it is of the same round."""
REMEMBERED_MAX = 10_000
WAIT_SECONDS = 1.0


class LinksShown:
    """What one process has shown. What is shown while the database is away, or all at once to more than can be
    remembered, is not counted."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._seen: dict[tuple[str, str], int] = {}
        self._waiting: list[Shown] = []
        self._timer: asyncio.TimerHandle | None = None

    def note(self, paywall_id: str, user: str) -> None:
        """Remembers that a user was shown a link, until it is written down within a second or so."""
        key, now = (paywall_id, user), clock.now()
        if self._seen.get(key, 0) > now - PAUSE_SECONDS * clock.SECOND or len(self._waiting) >= REMEMBERED_MAX:
            return
        if len(self._seen) >= REMEMBERED_MAX:
            self._seen.clear()
        self._seen[key] = now
        self._waiting.append(Shown(paywall_id, now, user))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(WAIT_SECONDS, self.write)

    def write(self) -> None:
        """Writes down what waits; the keeper's end waits for it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._keeper.keep(alone("links_shown", str(len(waiting)), partial(_write, waiting)))


async def _write(shown: list[Shown]) -> None:
    try:
        await db.in_transaction(partial(note_shown, shown=shown), writes=True)
    except Unavailable as error:
        log.error("links_shown", step="lost", links=len(shown), error=error.message)
