"""A real endpoint on loopback that keeps what it is sent, and answers as its path says.

`/ok` takes everything, `/status/503` answers so, `/late/0.5` after half a second, `/never` not at all, `/cut` closes
the connection, `/once/503` fails for the first delivery of each message, `/redirect` leads to `/ok`. A path in
`retry_after` says so in every answer.
"""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook


@dataclass(frozen=True)
class Received:
    """One request: where it went, its headers in lower case, its body."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verify(self, secret: str) -> Any:
        """Returns the event, once the library says that its signature is right."""
        return Webhook(secret).verify(self.body, dict(self.headers))

    def is_signed(self, secret: str) -> bool:
        """Tells whether the library would have signed the same, however long ago that is."""
        at = datetime.fromtimestamp(int(self.headers["webhook-timestamp"]), UTC)
        signature = Webhook(secret).sign(self.id, at, self.body.decode())
        return signature in self.headers["webhook-signature"].split(" ")


@dataclass
class Receiver:
    """The endpoint. `busy_max` is how many requests it had at once, by path."""

    port: int = 0
    received: list[Received] = field(default_factory=list)
    busy: dict[str, int] = field(default_factory=dict)
    busy_max: dict[str, int] = field(default_factory=dict)
    retry_after: dict[str, str] = field(default_factory=dict)
    _seen: set[tuple[str, str]] = field(default_factory=set)

    def url(self, path: str = "/ok") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def at(self, path: str) -> list[Received]:
        return [one for one in self.received if one.path == path]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers a connection's requests until it ends."""
        with suppress(asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError), closing(writer):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                await self._answer(Received(head[0].split()[1], headers, body), writer)

    async def _answer(self, one: Received, writer: asyncio.StreamWriter) -> None:
        self.received.append(one)
        self.busy[one.path] = self.busy.get(one.path, 0) + 1
        self.busy_max[one.path] = max(self.busy_max.get(one.path, 0), self.busy[one.path])
        try:
            status = await self._status(one)
        finally:
            self.busy[one.path] -= 1
        if status == 0:
            raise ConnectionError
        more = "Location: /ok\r\n" if status == 302 else ""
        if one.path in self.retry_after:
            more += f"Retry-After: {self.retry_after[one.path]}\r\n"
        writer.write(f"HTTP/1.1 {status} X\r\n{more}Content-Length: 2\r\n\r\nok".encode())
        await writer.drain()

    async def _status(self, one: Received) -> int:
        _, kind, *rest = one.path.split("/")
        if kind == "late":
            await asyncio.sleep(float(rest[0]))
        elif kind == "never":
            await asyncio.sleep(3600)
        is_first = (one.path, one.headers.get("webhook-id", "")) not in self._seen
        self._seen.add((one.path, one.headers.get("webhook-id", "")))
        if kind == "status" or (kind == "once" and is_first):
            return int(rest[0])
        return {"cut": 0, "redirect": 302}.get(kind, 200)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Runs an endpoint in a thread of its own."""
    receiver, loop, ready = Receiver(), asyncio.new_event_loop(), threading.Event()

    async def run() -> None:
        server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
        receiver.port = server.sockets[0].getsockname()[1]
        ready.set()
        await stopped.wait()
        server.close()
        serving = asyncio.all_tasks() - {asyncio.current_task()}
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)

    stopped = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield receiver
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join(10)
        loop.close()
