"""Keeps a process's memory near what it needs: garbage that only the collector frees is looked for when it has grown.

The collector counts objects and not bytes; a few cycles that hold large bodies would wait for fifty thousand others.
What was freed is given back to the system, which the C library else keeps: large blocks at once, others then.
"""

import asyncio
import ctypes
import gc
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

LOOK_SECONDS = 0.5
GROWTH_BYTES = 32 * 1024 * 1024
"""By how much a process grows before garbage is looked for, whatever its number."""
LARGE_BLOCK_BYTES = 1024 * 1024
"""From here on a block is the system's own and goes back to it when freed. glibc else raises this to the largest block
that was freed so far, up to 32 MB, and then lays bodies between lasting things, where their memory stays."""
_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1
"""What glibc's malloc.h calls them; once either is set it changes neither by itself."""
_STATM = Path("/proc/self/statm")


def resident_bytes() -> int:
    """Returns the memory that this process has in use now; 0 where the system does not say."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


class Collector:
    """Collects when memory has grown by GROWTH_BYTES since the last time, by what `measure` says."""

    def __init__(self, measure: Callable[[], int] = resident_bytes) -> None:
        self._measure = measure
        self._least = measure()

    def look(self) -> bool:
        """Collects if memory has grown; tells whether it did."""
        now = self._measure()
        if now - self._least < GROWTH_BYTES:
            self._least = min(self._least, now)
            return False
        gc.collect()
        _give_back()
        self._least = self._measure()
        return True


def give_large_blocks_back() -> None:
    """Has large blocks given back as soon as they are free, where the C library can (glibc's `mallopt`)."""
    choose = _of_library("mallopt")
    if choose is not None:
        choose(_MMAP_THRESHOLD, LARGE_BLOCK_BYTES)
        choose(_TRIM_THRESHOLD, LARGE_BLOCK_BYTES)


async def keep_small() -> None:
    """Looks again and again, until cancelled."""
    give_large_blocks_back()
    collector = Collector()
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        collector.look()


def _give_back() -> None:
    """Gives free memory back to the system, where the C library can (glibc's `malloc_trim`)."""
    trim = _of_library("malloc_trim")
    if trim is not None:
        trim(0)


@cache
def _of_library(name: str) -> Callable[..., int] | None:
    """Returns a function of the C library, None where it has none of that name."""
    try:
        found: Callable[..., int] = getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError):
        return None
    return found
