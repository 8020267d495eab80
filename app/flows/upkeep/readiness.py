"""Whether this process can do its work, found by doing a little of it: a write that only it would make."""

import asyncio

from sqlalchemy.exc import DBAPIError

from app import db
from app.domain import clock
from app.domain.errors import Unavailable
from app.flows.upkeep import lease

PROBE_SECONDS_MAX = 2.0
KEPT_SECONDS = 1.0


class Readiness:
    """The readiness of one process, whose lease is what is written.

    However many ask, one write is under way at a time and its outcome is kept for a second: strangers may ask.
    """

    def __init__(self, owner: str, lease_seconds: float, seconds_max: float = PROBE_SECONDS_MAX) -> None:
        self._owner = owner
        self._lease_seconds = lease_seconds
        self._seconds_max = seconds_max
        self._probe: asyncio.Task[str | None] | None = None
        self._is_good_until = 0.0

    async def find_fault(self) -> str | None:
        """Returns why requests should not come here now, None if they may; never waits longer than its limit."""
        now = clock.monotonic_seconds()
        if self._probe is None or (self._probe.done() and now >= self._is_good_until):
            self._probe = asyncio.create_task(self._try())
            self._is_good_until = now + KEPT_SECONDS
        await asyncio.wait((self._probe,), timeout=self._seconds_max)
        if not self._probe.done():
            return (
                f"a write has waited for {clock.monotonic_seconds() - self._is_good_until + KEPT_SECONDS:.1f} seconds"
            )
        return self._probe.result()

    async def _try(self) -> str | None:
        try:
            if not await asyncio.to_thread(db.is_migrated):
                return "migrations are missing"
            await lease.renew(self._owner, self._lease_seconds)
        except Unavailable as error:
            return error.message
        except DBAPIError:
            # Such as a PostgreSQL that only reads: it is reached, and refuses.
            return "the database takes no writes"
        return None
