"""Runs a job in one process at a time, and keeps one job's failure from the others."""

from collections.abc import Awaitable, Callable

import structlog

from app import db, wiring
from app.domain.leases import leases

log = structlog.get_logger()

Work = Callable[[], Awaitable[int]]
LEASE_SECONDS = 60.0


async def run(name: str, work: Work) -> int | None:
    """Runs `work` under the lease of its name, and returns what it did; None if another process has it.

    Raises what `work` raises.
    """
    owner = wiring.get().owner
    lease = f"job:{name}"
    if not await db.in_transaction(lambda session: leases.take(session, lease, owner, LEASE_SECONDS), writes=True):
        return None
    try:
        return await work()
    finally:
        await db.in_transaction(lambda session: leases.give_up(session, lease, owner), writes=True)


async def tick(name: str, work: Work) -> None:
    """Runs a job as the scheduler does: a failure is logged, and the next tick tries again."""
    try:
        done = await run(name, work)
    except Exception as error:
        log.error("job", job=name, step="failed", error=str(error), exc_info=error)
        return
    if done:
        log.info("job", job=name, step="done", count=done)
