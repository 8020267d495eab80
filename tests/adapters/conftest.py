"""What the adapters are tried against: real processes on real sockets, and names that lead where a test says."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest

from app.adapters.outbound import guard
from tests.emulators.upstream import RunningUpstream, running
from tests.support.endpoints import PUBLIC, Names, Speak, serving


@pytest.fixture(scope="session")
def upstream_process() -> Iterator[RunningUpstream]:
    with running() as upstream:
        yield upstream


@pytest.fixture
def upstream(upstream_process: RunningUpstream) -> RunningUpstream:
    """The emulated upstream, which remembers nothing of earlier tests."""
    upstream_process.reset()
    return upstream_process


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    made = Names()
    monkeypatch.setattr(socket, "getaddrinfo", made.look_up)
    return made


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
