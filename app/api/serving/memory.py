"""Keeps a process's memory near what it needs: garbage that only the collector frees is looked for when it has grown.

The collector counts objects and not bytes; a few cycles that hold large bodies would wait for fifty thousand others.
What was freed is given back to the system, which the C library else keeps.
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


async def keep_small() -> None:
    """Looks again and again, until cancelled."""
    collector = Collector()
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        collector.look()


def _give_back() -> None:
    """Gives free memory back to the system, where the C library can (glibc's `malloc_trim`)."""
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    try:
        found: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return None
    return found
