"""A process from beginning to end: one exit stack holds what must be closed, last what is needed longest."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from app.each_alone import alone
from app.flows.upkeep import lease
from app.wiring.process import get, replace


@asynccontextmanager
async def running() -> AsyncIterator[None]:
    """Runs what lives as long as the process: the lease, the commit queue; drains them at the end.

    The lease ends last, because it says that the process's holds are alive; before it the adapters are closed, before
    them the queue has written all, and before that all work has ended that outlives its caller.
    """
    wired = get()
    seconds, drain_seconds = wired.settings.lease_seconds, wired.settings.drain_seconds_max
    async with AsyncExitStack() as stack:
        stack.callback(replace, None)
        await lease.begin(wired.owner, seconds)
        stack.push_async_callback(lease.end, wired.owner)
        stack.push_async_callback(wired.close)
        wired.queue.start()
        stack.push_async_callback(wired.queue.drain)
        heartbeat = asyncio.create_task(_beat(wired.owner, seconds))
        stack.callback(heartbeat.cancel)
        stack.push_async_callback(wired.teller.drain)
        stack.push_async_callback(wired.keeper.drain, drain_seconds)
        yield


async def _beat(owner: str, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds * lease.RENEWAL_SHARE)
        # Whatever fails once: a heart that stops beating lets others end the holds of a living process.
        await alone("wiring", f"heartbeat:{owner}", partial(lease.renew, owner, seconds))
