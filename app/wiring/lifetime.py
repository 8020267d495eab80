"""A process from beginning to end: one exit stack holds what must be closed, last what is needed longest."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from app.each_alone import alone
from app.flows.upkeep import lease
from app.flows.wallets import credits
from app.wiring import choices
from app.wiring.process import Wiring, get, replace


@asynccontextmanager
async def working() -> AsyncIterator[Wiring]:
    """Lets a process work, as one job does that is run by hand, and ends it with nothing left undone.

    The adapters are closed last; before them the queue has written all, and before that all work has ended that
    outlives its caller, such as a mail that is sent behind a delivery.
    """
    wired = get()
    async with AsyncExitStack() as stack:
        stack.callback(replace, None)
        stack.push_async_callback(wired.close)
        await stack.enter_async_context(choices.following())
        await wired.settlement.chains.check()
        wired.queue.start()
        stack.push_async_callback(wired.queue.drain)
        stack.push_async_callback(wired.teller.drain)
        stack.push_async_callback(wired.keeper.drain, wired.settings.drain_seconds_max)
        yield wired


@asynccontextmanager
async def running() -> AsyncIterator[None]:
    """Runs what lives as long as a process that serves: beside its work a lease, which says that its holds are alive.

    It is renewed until all work has ended, and ends last.
    """
    wired = get()
    seconds = wired.settings.lease_seconds
    async with AsyncExitStack() as stack:
        await lease.begin(wired.owner, seconds)
        stack.push_async_callback(lease.end, wired.owner)
        heartbeat = asyncio.create_task(_beat(wired, seconds))
        stack.callback(heartbeat.cancel)
        await stack.enter_async_context(working())
        chosen = wired.settings
        if chosen.credits and chosen.openrouter_key.get_secret_value() and not chosen.is_demo:
            await credits.open_live()
        yield


async def _beat(wired: Wiring, seconds: float) -> None:
    while True:
        await alone("wiring", f"count:{wired.owner}", partial(_count, wired))
        await asyncio.sleep(seconds * lease.RENEWAL_SHARE)
        # Whatever fails once: a heart that stops beating lets others end the holds of a living process.
        await alone("wiring", f"heartbeat:{wired.owner}", partial(lease.renew, wired.owner, seconds))


async def _count(wired: Wiring) -> None:
    await wired.refusing.read()
    wired.processes = await lease.count_living()
