"""Waiting for something that happens elsewhere, for as long as a slow machine may need and no longer than it does."""

import asyncio
import time
from collections.abc import Callable

from httpx._config import DEFAULT_TIMEOUT_CONFIG

SECONDS_MAX = 60
LOOK_SECONDS = 0.005


def be_patient() -> None:
    """Lets httpx wait for so long where a test does not say how long: its own five seconds pass on a busy machine."""
    for name in ("connect", "read", "write", "pool"):
        setattr(DEFAULT_TIMEOUT_CONFIG, name, SECONDS_MAX)  # every client and every function of httpx has this very one


def wait_until(
    happened: Callable[[], object], look_seconds: float = LOOK_SECONDS, seconds_max: float = SECONDS_MAX
) -> None:
    """Returns once `happened` says so, as `until` does, where nothing else runs in this thread.

    What takes many seconds and costs a request to look at is looked at seldom.
    """
    end = time.monotonic() + seconds_max
    while not happened():
        assert time.monotonic() < end, f"it did not happen within {seconds_max} seconds"
        time.sleep(look_seconds)


async def until(happened: Callable[[], object]) -> None:
    """Returns once `happened` says so. Fails after a time that only a test that is broken needs."""
    end = time.monotonic() + SECONDS_MAX
    while not happened():
        assert time.monotonic() < end, f"it did not happen within {SECONDS_MAX} seconds"
        await asyncio.sleep(LOOK_SECONDS)
