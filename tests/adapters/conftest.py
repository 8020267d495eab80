"""What the adapters are tried against: real processes on real sockets, and names that lead where a test says."""

import asyncio
import itertools
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest

from app.adapters.outbound import guard
from app.ports.providers import ProviderAnswer
from tests.emulators.upstream import RunningUpstream, running

PUBLIC = "127.0.0.2"
"""An address of loopback that the guard takes for a public one, where a test asks for `public_and_private`."""

_REAL_LOOKUP = socket.getaddrinfo


@pytest.fixture(scope="session")
def upstream_process() -> Iterator[RunningUpstream]:
    with running() as upstream:
        yield upstream


@pytest.fixture
def upstream(upstream_process: RunningUpstream) -> RunningUpstream:
    """The emulated upstream, which remembers nothing of earlier tests."""
    upstream_process.reset()
    return upstream_process


async def pieces_of(answer: ProviderAnswer) -> AsyncIterator[bytes]:
    """Yields what an answer says until its end."""
    while piece := await answer.read():
        yield piece


class Names:
    """A name server: a name leads to what was said of it, at each look-up to the next; others are really looked up."""

    def __init__(self) -> None:
        self._said: dict[str, Iterator[list[str]]] = {}
        self.asked: Counter[str] = Counter()

    def lead(self, name: str, *addresses: str) -> None:
        """Lets a name lead to all of these."""
        self._said[name] = itertools.repeat(list(addresses))

    def lead_in_turns(self, name: str, *addresses: str) -> None:
        """Lets a name lead to one of these, at the next look-up to the next."""
        self._said[name] = itertools.cycle([address] for address in addresses)

    def look_up(self, host: str, *more: object, **named: object) -> Iterable[object]:
        """Stands for socket.getaddrinfo."""
        self.asked[host] += 1
        addresses = next(self._said[host]) if host in self._said else [host]
        return [found for address in addresses for found in _REAL_LOOKUP(address, *more, **named)]  # type: ignore[arg-type]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    made = Names()
    monkeypatch.setattr(socket, "getaddrinfo", made.look_up)
    return made


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(serve: Serve, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """Serves on a port, which it yields, until the block ends, and its connections with it."""
    running: set[asyncio.Task[None]] = set()

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            await serve(reader, writer)
        writer.transport.abort()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        running.add(asyncio.create_task(run(reader, writer)))

    server = await asyncio.start_server(begin, host, port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await asyncio.sleep(0)  # the connections end in the loop's next round


@pytest.fixture
async def public_and_private(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[dict[str, int]]:
    """Two sites on one `port`, one of them in public; says how often each was connected to."""
    found: Counter[str] = Counter()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found[writer.get_extra_info("sockname")[0]] += 1
        await reader.readuntil(b"\r\n\r\n")
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: 17\r\n\r\n"
        writer.write(head + b'{"message": "ok"}')
        await reader.read()

    really = guard.is_public
    monkeypatch.setattr(guard, "is_public", lambda address: address == PUBLIC or really(address))
    async with serving(serve, PUBLIC) as found["port"], serving(serve, port=found["port"]):
        yield found


@pytest.fixture
def turncoat(names: Names, public_and_private: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> str:
    """The origin of a site that is public at one look-up and private at the next, and is looked up each time."""
    monkeypatch.setattr(guard, "ADDRESSES_KEPT_SECONDS", 0)
    names.lead_in_turns("turncoat.example", PUBLIC, "127.0.0.1")
    return f"http://turncoat.example:{public_and_private['port']}"


Speak = Callable[[bytes], Awaitable[str]]


@pytest.fixture
async def speak() -> AsyncIterator[Speak]:
    """Starts an endpoint that says the same to everybody, whatever that is, and hangs up; returns its URL."""
    async with AsyncExitStack() as servers:

        async def start(said: bytes) -> str:
            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(said)
                writer.write_eof()
                await reader.read()

            return f"http://127.0.0.1:{await servers.enter_async_context(serving(serve))}/"

        yield start
