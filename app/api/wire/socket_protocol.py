"""WebSockets as our server speaks them: few frames at a time, and no peer that takes nothing of what it is sent.

A frame costs far more to read than to write, so a flood of tiny ones is read a little at a time, with pauses in which
everybody else is served; what waits meanwhile is bounded.
"""

import asyncio
from collections.abc import Generator
from typing import Any

from uvicorn._types import WebSocketEvent
from uvicorn.protocols.websockets.wsproto_impl import WSProtocol
from wsproto import ConnectionType, WSConnection
from wsproto.events import Event

from app.domain import clock
from app.domain.limits.budgets import Allowance, Budget

FRAMES = Allowance(160, 40)
"""Looks for a frame, of a socket; above that it draws from FRAMES_IN_ALL, which all sockets of the process share."""
FRAMES_IN_ALL = Allowance(1_000, 1_000)
PAUSE_SECONDS = 0.05
UNTAKEN_SECONDS_MAX = 30.0
"""How long a peer may leave untaken what it is sent."""

_in_all = Budget(FRAMES_IN_ALL, clock.monotonic_seconds())


class MeteredConnection(WSConnection):
    """A connection that gives out as many frames as there is budget for; `is_paused` says that more may wait."""

    def __init__(self) -> None:
        super().__init__(connection_type=ConnectionType.SERVER)
        self.is_paused = False
        self._budget = Budget(FRAMES, clock.monotonic_seconds())

    def events(self) -> Generator[Event, None, None]:
        """Gives out what has arrived, one frame for each piece of budget."""
        self.is_paused, at = False, clock.monotonic_seconds()
        arrived = super().events()
        while self._budget.take(at) or _in_all.take(at):
            event = next(arrived, None)
            if event is None:
                return
            yield event
        self.is_paused = True


class PageSocketProtocol(WSProtocol):
    """uvicorn's protocol with bounds on what a peer sends and does not take."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.conn: MeteredConnection = MeteredConnection()
        self._resting: asyncio.TimerHandle | None = None
        self._untaken: asyncio.TimerHandle | None = None

    def handle_events(self) -> None:
        """Handles as many frames as there is budget for, and the rest a moment later; nothing is read meanwhile."""
        super().handle_events()
        if self.conn.is_paused and not self.transport.is_closing():
            self.read_paused = True
            self.transport.pause_reading()
            self._resting = self.loop.call_later(PAUSE_SECONDS, self._go_on)

    def _go_on(self) -> None:
        self._resting = None
        self.handle_events()
        self._read_on()

    async def receive(self) -> WebSocketEvent:
        """Returns the next message; uvicorn's own would read on although the socket rests."""
        message = await self.queue.get()
        self._read_on()
        return message

    def _read_on(self) -> None:
        if self._resting is None and self.read_paused and self.queue.empty() and not self.transport.is_closing():
            self.read_paused = False
            self.transport.resume_reading()

    def pause_writing(self) -> None:
        """Begins to wait for a peer that takes nothing more."""
        super().pause_writing()
        self._untaken = self._untaken or self.loop.call_later(UNTAKEN_SECONDS_MAX, self.transport.abort)

    def handle_ping(self, event: Any) -> None:
        """Answers, unless the answers before wait to be taken: pings must not fill the memory with pongs."""
        if self.writable.is_set():
            super().handle_ping(event)

    def resume_writing(self) -> None:
        """Stops waiting."""
        super().resume_writing()
        self._forget(self._untaken)
        self._untaken = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends what waits."""
        self._forget(self._resting)
        self._forget(self._untaken)
        super().connection_lost(exc)

    def _forget(self, timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()
