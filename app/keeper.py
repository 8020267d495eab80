"""Work that outlives its caller: answers without listeners, settlements, what is given back. The end waits for it."""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

from app.domain import clock

T = TypeVar("T")

CUT_SECONDS_MAX = 10
"""How long what is cut at the end of the process has to end its hold."""


class Keeper:
    """The work of one process that goes on whatever becomes of who began it; `running` is what has not ended."""

    def __init__(self) -> None:
        self.running: set[asyncio.Task[Any]] = set()

    def keep(self, work: Awaitable[T]) -> "asyncio.Task[T]":
        """Runs work to its end."""
        task = asyncio.ensure_future(work if isinstance(work, Coroutine) else _awaited(work))
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        return task

    async def drain(self, seconds: float) -> None:
        """Waits for what still runs, and for the repetitions that it may need.

        What has not ended by then is cut, and has a moment to end its hold.
        """
        await self._wait(seconds)
        for task in self.running:
            task.cancel()
        await self._wait(CUT_SECONDS_MAX)

    async def _wait(self, seconds: float) -> None:
        end = clock.monotonic_seconds() + seconds
        while self.running and (left := end - clock.monotonic_seconds()) > 0:
            await asyncio.wait(self.running, timeout=left)


async def _awaited(work: Awaitable[T]) -> T:
    return await work
