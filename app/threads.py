"""Threads for what would hold the event loop up: each kind of work has its own, so that none waits behind another's.

What waits behind too much is refused before it has begun: nothing was charged, and its caller may try again. What
belongs to an answer that runs is never refused.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, ParamSpec, TypeVar

from app.domain.errors import Unavailable

P = ParamSpec("P")
T = TypeVar("T")


class Threads:
    """So many threads for one kind of work, made on first use, and so much that may be under way or wait for them."""

    def __init__(self, name: str, threads_max: int, waiting_max: int) -> None:
        self._name = name
        self._threads_max = threads_max
        self._most = threads_max + waiting_max
        self._lock = threading.Lock()
        self._under_way = 0
        self._executor: ThreadPoolExecutor | None = None

    @property
    def under_way(self) -> int:
        """How much runs or waits."""
        return self._under_way

    async def run(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Returns what `function` returns. Raises Unavailable where too much waits already, and what it raises."""
        if self._under_way >= self._most:
            raise Unavailable(f"Too much is waiting to {self._name}; nothing was charged. Try again soon.")
        return await self.run_surely(function, *arguments, **named)

    async def run_surely(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Does the same however much waits."""
        # No name is given to the future: a frame that its own error holds would keep the request for ever.
        return await asyncio.wrap_future(self._begin(partial(copy_context().run, function, *arguments, **named)))

    def _begin(self, function: Callable[[], T]) -> Future[T]:
        work = _Work(function)
        with self._lock:
            if self._executor is None:
                self._executor = ThreadPoolExecutor(self._threads_max, thread_name_prefix=self._name)
            future = self._executor.submit(work)
            self._under_way += 1
        # Work whose caller leaves before its turn never runs, so that it cannot say itself that it has ended.
        future.add_done_callback(partial(self._end, work))
        return future

    def _end(self, work: "_Work[Any]", _future: Future[Any]) -> None:
        work.function = None
        with self._lock:
            self._under_way -= 1


@dataclass(slots=True)
class _Work(Generic[T]):
    """What is to be done. Its place in the line outlasts a caller who leaves; what it would have worked on does not."""

    function: Callable[[], T] | None

    def __call__(self) -> T:
        function = self.function
        assert function is not None  # noqa: S101 - work that has ended does not begin
        return function()


PARSE = Threads("parse", 1, 64)
"""Bodies that are long or compressed. Two would only take the interpreter from each other, and from all others."""
COUNT = Threads("count", 2, 256)
"""Tokens."""
SQL = Threads("sql", 12, 1_000)
"""Reads, and the writes of flows that the commit queue does not make."""
