"""Runs a job, most of them in one process at a time, and keeps one job's failure from the others.

A lease is short and renewed while the job runs, so that a killed process keeps nobody waiting for long.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from app import db, settings, wiring
from app.domain.errors import CoinslotError
from app.domain.leases import leases
from app.each_alone import alone

log = structlog.get_logger()

Work = Callable[[], Awaitable[int]]
IsDue = Callable[[], Awaitable[bool]]
Note = Callable[[str | None], Awaitable[None]]
"""Is told what went wrong with a run, None for nothing."""
LEASE_SHARE = 0.25
"""How long a job's lease runs, as a share of the time within which lost holds must be closed."""


async def run(name: str, work: Work) -> int | None:
    """Runs `work` under the lease of its name, and returns what it did; None if another process has it.

    Raises what `work` raises.
    """
    if not await _take(name):
        return None
    renewing = asyncio.create_task(_renew(name))
    try:
        return await work()
    finally:
        renewing.cancel()
        owner, lease = wiring.get().owner, f"job:{name}"
        await db.in_transaction(lambda session: leases.give_up(session, lease, owner), writes=True)


async def _take(name: str) -> bool:
    owner, lease, seconds = wiring.get().owner, f"job:{name}", settings.get().lease_seconds * LEASE_SHARE
    return await db.in_transaction(lambda session: leases.take(session, lease, owner, seconds), writes=True)


async def _renew(name: str) -> None:
    while True:
        await asyncio.sleep(settings.get().lease_seconds * LEASE_SHARE / 3)
        # A renewal that fails once is tried again before the lease has run out.
        if await alone("job", f"{name}:renew", partial(_take, name)) is False:
            log.error("job", job=name, step="lease_lost")
            return


async def tick(
    name: str, work: Work, is_due: IsDue | None = None, *, is_shared: bool = False, note: Note | None = None
) -> None:
    """Runs a job as the scheduler does: a failure is logged, and the next tick tries again.

    A lease costs two commits, so that `is_due` is asked before, where it is given; what `is_shared` needs none. `note`
    is told how it went, if it was this process that ran it or found nothing to do.
    """
    wrong: str | None = None
    done: int | None = 0
    try:
        if is_due is None or await is_due():
            done = await (work() if is_shared else run(name, work))
    except Exception as error:
        log.error("job", job=name, step="failed", error=str(error), exc_info=error)
        wrong = error.message if isinstance(error, CoinslotError) else type(error).__name__
    if done:
        log.info("job", job=name, step="done", count=done)
    if note is not None and done is not None:
        await note(wrong)
