"""Rollups: counted as requests end, built anew where a zone was chosen or somebody asks, and kept from growing."""

from collections.abc import Awaitable, Callable
from functools import partial

import structlog
from sqlalchemy.exc import DBAPIError

from app import db
from app.domain import clock
from app.domain.rollups import building, counting, forgetting, listing
from app.each_alone import ERROR_CHARACTERS_MAX, Failed, each_alone

log = structlog.get_logger()

BATCH = 200
"""How many requests one transaction counts: SQLite's other writers wait for it."""
BATCHES_MAX = 500
"""How many batches a run counts, so that one lease is not held for hours; the next run goes on."""

Tell = Callable[[str, float], None]
"""Is told what is done, and how much of it, 0 to 1."""


async def has_due() -> bool:
    """Tells whether anything is to be counted."""
    return await db.in_transaction(counting.has_due)


async def count() -> int:
    """Counts what is due, in batches, and returns how many requests and takebacks that were.

    Where a batch cannot be written, each paywall is counted by itself: one whose sums are full is nobody else's.
    """
    try:
        done = await _in_batches(counting.count_requests)
    except DBAPIError as error:
        log.error("rollups", step="apart", error=repr(error.orig)[:ERROR_CHARACTERS_MAX])
        paywalls = await db.in_transaction(counting.list_due)
        counted = await each_alone("rollups", paywalls, _count_one)
        done = sum(0 if isinstance(one, Failed) else one for _, one in counted)
    return done + await _in_batches(counting.count_takebacks)


def _count_one(paywall_id: str) -> Awaitable[int]:
    return _in_batches(partial(counting.count_requests, paywall_id=paywall_id))


async def _in_batches(step: Callable[[db.Session, int], int]) -> int:
    done = 0
    for _ in range(BATCHES_MAX):
        counted = await db.in_transaction(lambda session: step(session, BATCH), writes=True)
        done += counted
        if counted < BATCH:
            break
    return done


async def has_builds() -> bool:
    """Tells whether any paywall is being built."""
    return bool(await db.in_transaction(building.list_builds))


async def build(tell: Tell | None = None) -> int:
    """Carries every build under way to its end, and returns how many that were; one that was cut goes on."""
    paywalls = await db.in_transaction(building.list_builds)
    for number, paywall_id in enumerate(paywalls):
        more = partial(building.build_next, paywall_id=paywall_id, limit=BATCH)
        while await db.in_transaction(more, writes=True):
            if tell is not None:
                share = await db.in_transaction(partial(building.share_built, paywall_id=paywall_id))
                tell(f"paywall {number + 1} of {len(paywalls)}", (number + share) / len(paywalls))
        log.info("rollups", step="built", paywall=paywall_id)
    return len(paywalls)


async def rebuild(tell: Tell | None = None) -> int:
    """Builds the sums of every paywall anew, and returns how many paywalls that were."""
    for paywall_id in await db.in_transaction(building.list_counted):
        await db.in_transaction(partial(building.begin_build, paywall_id=paywall_id), writes=True)
    return await build(tell)


async def list_top() -> int:
    """Lists the top users of paywalls whose lists are old, and returns how many paywalls that were."""
    paywalls = await db.in_transaction(listing.list_due)
    await each_alone("rollups", paywalls, _list_one)
    return len(paywalls)


async def _list_one(paywall_id: str) -> None:
    now = clock.now()
    found = await db.in_transaction(partial(listing.find_top, paywall_id=paywall_id))
    await db.in_transaction(partial(listing.keep_top, paywall_id=paywall_id, found=found, now=now), writes=True)


async def forget() -> int:
    """Deletes sums that nobody reads any more, a part at a time, and returns how many rows."""
    done = 0
    while deleted := await db.in_transaction(forgetting.forget_old, writes=True):
        done += deleted
    return done
