"""The client of the benchmarks: keeps many connections busy, closed loop or open, and notes each answer with its times.

Raw protocols with requests that are written beforehand, so that it costs a fraction of what any gateway does.
"""

import asyncio
import time
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import httptools
import orjson

from tests.bench.said import FIRST

PROMPT = "Summarise in one sentence what a gateway between an application and a language model does. " * 3
SILENCE_SECONDS_MAX = 30


@dataclass(frozen=True)
class Target:
    """Whom to load: an OpenAI-compatible base URL with its key and model, and how its users are named.

    `users` are named `user-0` to `user-<users - 1>` in turn; with none there is no field `user`. `pids` are the roots
    of process trees to account for, by any name.
    """

    name: str
    base_url: str
    model: str = "mock"
    key: str = "none"
    users: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    pids: Mapping[str, int] = field(default_factory=dict)

    def requests(self, stream: bool) -> list[bytes]:
        """Returns the raw requests to send in turn, one for each user."""
        return [self._request(number, stream) for number in range(self.users or 1)]

    def _request(self, number: int, stream: bool) -> bytes:
        body: dict[str, Any] = {"model": self.model, "messages": [{"role": "user", "content": PROMPT}]}
        if self.users:
            body["user"] = f"user-{number}"
        if stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        data = orjson.dumps({**body, **self.body})
        url = urllib.parse.urlsplit(self.base_url)
        headers = {"host": url.netloc, "content-type": "application/json", "authorization": f"Bearer {self.key}",
                   **self.headers, "content-length": str(len(data))}  # fmt: skip
        head = f"POST {url.path.rstrip('/')}/chat/completions HTTP/1.1\r\n"
        return (head + "".join(f"{name}: {value}\r\n" for name, value in headers.items())).encode() + b"\r\n" + data


@dataclass(frozen=True)
class Load:
    """How to load: for so many seconds, or until so many requests are sent; open loop at `rate` a second."""

    stream: bool = False
    concurrency: int = 16
    seconds: float = 3.0
    requests: int | None = None
    rate: float | None = None


@dataclass(frozen=True)
class Sample:
    """One answer; the times are those of `time.perf_counter`. Status 0: none came."""

    started: float
    first: float
    ended: float
    status: int
    body: bytes


class Connection(asyncio.Protocol):
    """One kept connection; calls `on_done` for each answer."""

    def __init__(self, on_done: Callable[["Connection", Sample], None]) -> None:
        self._on_done = on_done
        self._is_busy = False
        self._parts: list[bytes] = []
        self._first = self._started = 0.0
        self.transport: asyncio.Transport
        self.parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one, and does not say so

    def connection_lost(self, error: Exception | None) -> None:
        if self._is_busy:
            self._finish(0, b"connection lost")

    def request(self, data: bytes, started: float) -> None:
        """Sends a request; its latency counts from `started`."""
        self._is_busy, self._parts, self._first, self._started = True, [], 0.0, started
        self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError as error:
            if self._is_busy:
                self._finish(0, repr(error).encode())

    def on_body(self, body: bytes) -> None:
        self._parts.append(body)
        if not self._first and FIRST.encode() in b"".join(self._parts):
            self._first = time.perf_counter()

    def on_message_complete(self) -> None:
        if self._is_busy:
            self._finish(self.parser.get_status_code(), b"".join(self._parts))
            if not self.parser.should_keep_alive():
                self.transport.close()

    def _finish(self, status: int, body: bytes) -> None:
        now = time.perf_counter()
        self._is_busy = False
        self._on_done(self, Sample(self._started, self._first or now, now, status, body))


class Driver:
    """One run of a load against a target."""

    def __init__(self, target: Target, load: Load) -> None:
        self._load = load
        self._requests: Sequence[bytes] = target.requests(load.stream)
        url = urllib.parse.urlsplit(target.base_url)
        self._address = (url.hostname or "127.0.0.1", url.port or 80)
        self._idle: list[Connection] = []
        self._late: list[float] = []
        self._sent = self._active = 0
        self._end = 0.0
        self._over = asyncio.Event()
        self._reconnecting: set[asyncio.Task[None]] = set()
        self.samples: list[Sample] = []

    async def run(self) -> list[Sample]:
        """Loads the target, waits for the last answer, and returns all of them."""
        opened = [await self._connect() for _ in range(self._load.concurrency)]
        self._end = time.perf_counter() + self._load.seconds
        if self._load.rate is None:
            for connection in opened:
                self._next(connection)
        else:
            self._idle.extend(opened)
            await self._arrive(self._load.rate)
        if self._active:
            try:
                await asyncio.wait_for(self._over.wait(), self._load.seconds + SILENCE_SECONDS_MAX)
            except TimeoutError:
                now = time.perf_counter()
                lost = Sample(now - SILENCE_SECONDS_MAX, now, now, 0, b"no answer in time")
                self.samples += [lost] * self._active
        for connection in {*opened, *self._idle}:
            connection.transport.close()
        return self.samples

    async def _arrive(self, rate: float) -> None:
        """Sends on a fixed schedule; who finds no free connection waits for one, and that counts."""
        at = time.perf_counter()
        while at < self._end:
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            while at <= time.perf_counter() and at < self._end:
                if self._idle:
                    self._send(self._idle.pop(), at)
                else:
                    self._late.append(at)
                at += 1 / rate
        self._end = 0.0

    def _is_more(self) -> bool:
        if self._load.rate is not None:
            return False
        if self._load.requests is not None:
            return self._sent < self._load.requests
        return time.perf_counter() < self._end

    def _send(self, connection: Connection, started: float) -> None:
        self._sent += 1
        self._active += 1
        connection.request(self._requests[self._sent % len(self._requests)], started)

    def _next(self, connection: Connection) -> None:
        if self._is_more():
            self._send(connection, time.perf_counter())
        elif self._late:
            self._send(connection, self._late.pop(0))
        else:
            self._idle.append(connection)
            if not self._active and (self._load.rate is None or not self._end):
                self._over.set()

    def _done(self, connection: Connection, sample: Sample) -> None:
        self._active -= 1
        self.samples.append(sample)
        if sample.status and connection.parser.should_keep_alive():
            self._next(connection)
        else:
            task = asyncio.get_running_loop().create_task(self._reconnect())
            self._reconnecting.add(task)
            task.add_done_callback(self._reconnecting.discard)

    async def _connect(self) -> Connection:
        return (await asyncio.get_running_loop().create_connection(lambda: Connection(self._done), *self._address))[1]

    async def _reconnect(self) -> None:
        self._next(await self._connect())


async def drive(target: Target, load: Load) -> list[Sample]:
    """Loads a target, and returns what it answered."""
    return await Driver(target, load).run()
