"""What operators chose while the instance runs stands over this process's settings, a second later at most."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from app import settings
from app.domain.instance.choices import CHOICES, Value
from app.each_alone import alone
from app.flows.upkeep import choices

SECONDS = 1.0
"""How often a process looks; what it cannot read leaves what it read before."""


def said() -> Mapping[str, Value]:
    """Returns what the environment says of everything that may be chosen."""
    return {name: getattr(settings.get_said(), name) for name in CHOICES}


async def follow_once() -> None:
    """Puts what is chosen now over what the environment says."""
    settings.choose(await choices.read())


@asynccontextmanager
async def following() -> AsyncIterator[None]:
    """Follows what is chosen, from before the first thing that is done with it until the end."""
    await follow_once()
    watch = asyncio.create_task(_watch())
    try:
        yield
    finally:
        watch.cancel()
        settings.choose({})


async def _watch() -> None:
    while True:
        await asyncio.sleep(SECONDS)
        await alone("wiring", "choices", follow_once)
