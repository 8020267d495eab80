"""What open connections may cost: how many there are, how long one may be without a request or leave an answer unread.

One object a process knows them all, and looks at them about once a second: a request pays for two steps in a
dictionary, and for no timer.
"""

import asyncio
import fcntl
import socket
import struct
import sys
import termios
from collections import Counter
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import structlog

from app.domain import clock

log = structlog.get_logger()

LOOKS = 4
"""How often a limit is looked at within its time."""
LOOK_SECONDS_MAX = 1.0
TAKEN_BYTES_MIN = 16_384
"""What a client must take of an answer that waits for it within the silence limit, or all of it: less is no reading."""
TOLD_SECONDS = 60
"""How often at most the log tells what became of connections."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """`waiting_max` are without a whole request, `connections_max` all; `linger_seconds`: to read a refusal."""

    connections_max: int
    waiting_max: int = 1_000
    head_seconds: float = 15
    idle_seconds: float = 5
    silence_seconds: float = 120
    linger_seconds: float = 2


class Connection(Protocol):
    """A client's connection, as the crowd needs it."""

    transport: asyncio.Transport
    has_begun: bool
    """Whether bytes came since it is without a request."""

    def close_late(self) -> None:
        """Closes a connection whose request did not come in time."""


class Crowd:
    """The connections of one process that wait: for a request, for their client to read, or for their end."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._counts: Counter[str] = Counter()
        self._told_at = clock.monotonic_seconds()
        self._waiting: dict[Connection, float] = {}
        self._unread: dict[Connection, tuple[float, int]] = {}
        self._ending: dict[Connection, float] = {}
        self._look_seconds = min(
            LOOK_SECONDS_MAX, min(limits.head_seconds, limits.idle_seconds, limits.silence_seconds) / LOOKS
        )
        self._is_looking = False

    def enter(self, connection: Connection, everybody: Collection[object]) -> bool:
        """Lets a new connection in, the oldest one without a request out for it; False if all have one."""
        if len(everybody) > self.limits.connections_max and not self._put_out():
            self.count("all_busy")
            return False
        self.wait(connection)
        connection.has_begun = True  # whoever connects has the time of a head from there on, also without a word
        if len(self._waiting) + len(self._ending) > self.limits.waiting_max:
            self._put_out()
        return True

    def wait(self, connection: Connection) -> None:
        """Says that a connection is without a request from now on."""
        connection.has_begun = False
        self._waiting.pop(connection, None)
        self._waiting[connection] = clock.monotonic_seconds()
        self._look_on()

    def begin(self, connection: Connection) -> None:
        """Says that bytes came on a connection without a request: its time counts from them."""
        if connection in self._waiting and not connection.has_begun:
            connection.has_begun = True
            self._waiting[connection] = clock.monotonic_seconds()

    def is_waiting(self, connection: Connection) -> bool:
        """Tells whether a connection is without a request."""
        return connection in self._waiting

    def answer(self, connection: Connection) -> None:
        """Says that a connection has a request."""
        self._waiting.pop(connection, None)

    def stall(self, connection: Connection) -> None:
        """Says that a client leaves unread what was sent to it."""
        self._unread[connection] = (clock.monotonic_seconds(), _untaken_bytes(connection.transport))
        self._look_on()

    def take(self, connection: Connection) -> None:
        """Says that it reads again."""
        self._unread.pop(connection, None)
        if connection in self._ending:
            self.end(connection)

    def end(self, connection: Connection, seconds: float | None = None) -> None:
        """Says that a connection is closing; what its client does not take in time is thrown away."""
        self._waiting.pop(connection, None)
        self._ending[connection] = clock.monotonic_seconds() + (seconds or self.limits.silence_seconds)
        self._look_on()

    def leave(self, connection: Connection) -> None:
        """Forgets a connection."""
        self._waiting.pop(connection, None)
        self._unread.pop(connection, None)
        self._ending.pop(connection, None)

    def count(self, what: str) -> None:
        """Counts for the log what became of a connection."""
        self._counts[what] += 1

    def _put_out(self) -> bool:
        """Throws out who waits for nothing but its end, or has been without a request for longest."""
        oldest = next(iter(self._ending), None) or next(iter(self._waiting), None)
        if oldest is None:
            return False
        self.count("put_out")
        self.leave(oldest)
        _throw_away(oldest.transport)
        return True

    def _look_on(self) -> None:
        if not self._is_looking:
            self._is_looking = True
            asyncio.get_running_loop().call_later(self._look_seconds, self._look)

    def _look(self) -> None:
        now = clock.monotonic_seconds()
        for connection, since in list(self._waiting.items()):
            if now - since > (self.limits.head_seconds if connection.has_begun else self.limits.idle_seconds):
                if connection.has_begun:
                    self.count("late")
                connection.close_late()
        for connection, (since, size) in list(self._unread.items()):
            left = _untaken_bytes(connection.transport)
            if left <= size - TAKEN_BYTES_MIN:
                self._unread[connection] = (now, left)
            elif now - since > self.limits.silence_seconds:
                self.count("unread")
                _throw_away(connection.transport)
        for connection, until in list(self._ending.items()):
            if now > until and connection not in self._unread:
                _throw_away(connection.transport)
        if self._counts and now - self._told_at > TOLD_SECONDS:
            log.info("connections", step="closed", **self._counts)
            self._counts.clear()
            self._told_at = now
        self._is_looking = False
        if self._waiting or self._unread or self._ending:
            self._look_on()


def _untaken_bytes(transport: asyncio.Transport) -> int:
    """Returns how much of what was sent has not reached the client's machine: ours, and what the kernel has of it.

    The kernel takes megabytes and asks for more only when a third of them is gone, which a slow client needs long for.
    """
    answer = bytearray(4)
    with suppress(OSError, ValueError):  # not every kernel says it, or the connection is gone
        fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, answer)
    return transport.get_write_buffer_size() + int.from_bytes(answer, sys.byteorder)


def _throw_away(transport: asyncio.Transport) -> None:
    """Ends a connection; one whose client leaves something unread is reset, so that the kernel keeps none of it."""
    if transport.get_write_buffer_size():
        at_once = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
    transport.abort()
