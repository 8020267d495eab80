"""Watches for a client's going away from the moment its request was read, and cancels the task that serves it.

A short answer takes no longer than a task of its own would, so there is none: the server's `receive` is driven by hand,
and waits where it waits. What a client is charged so never depends on how fast it was answered.
"""

import asyncio
from collections.abc import Generator, MutableMapping
from typing import Any

from app.api.common.body import Receive


class ClientWatch:
    """Cancels the task that made it when its client closes the connection, until the watch has ended."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._task = asyncio.current_task()
        self._asking: Generator[Any, Any, MutableMapping[str, Any]] | None = None
        self._is_over = self._is_gone = False
        self._ask()

    def _ask(self, _waited_for: object = None) -> None:
        """Asks for what the client does next, up to where the server has to wait for it."""
        while not self._is_over:
            if self._asking is None:
                self._asking = self._receive().__await__()
            try:
                waits_for = self._asking.send(None)
            except StopIteration as answered:
                self._asking = None
                if answered.value["type"] == "http.disconnect":
                    self._is_over = self._is_gone = True
                    if self._task is not None:
                        self._task.cancel()
                continue
            if waits_for is None:  # it only lets others run
                asyncio.get_running_loop().call_soon(self._ask)
            else:
                waits_for.add_done_callback(self._ask)
            return

    def has_cancelled(self) -> bool:
        """Tells whether it was the client's going away, and nothing else, that cancelled the task."""
        return bool(self._is_gone and self._task and self._task.uncancel() == 0)

    def end(self) -> None:
        """Stops watching."""
        self._is_over = True
        if self._asking is not None:
            self._asking.close()
