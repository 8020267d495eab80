"""Names are looked up in threads of their own, so many at once, and a slow name server holds up nobody else."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import aiohttp
import pytest

from app.adapters.outbound.guard import LOOKUPS_MAX, guarded_session, read_bounded
from tests.support.endpoints import serving
from tests.support.waiting import until


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with guarded_session(allow_private=True) as made:
        yield made


@pytest.fixture
async def page() -> AsyncIterator[str]:
    """The URL of a page on loopback, whose host is yet to be said."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    async with serving(serve) as port:
        yield f"http://{{}}:{port}/"


async def fetch(session: aiohttp.ClientSession, url: str) -> bytes | None:
    async with session.get(url) as answer:
        return await read_bounded(answer, 2)


@dataclass
class SlowNames:
    """A name server that answers only once it may `go_on`."""

    go_on: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowNames]:
    made, real = SlowNames(), socket.getaddrinfo

    def look_up(host: str, *more: object) -> object:
        if not host.endswith(".slow.example"):
            return real(host, *more)  # type: ignore[arg-type]
        made.asked.append(host)
        made.go_on.wait(20)
        return real("127.0.0.1", *more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield made
    made.go_on.set()


async def test_those_who_ask_for_one_name_at_once_share_its_lookup(
    page: str, session: aiohttp.ClientSession, slow: SlowNames
) -> None:
    finding = [asyncio.create_task(fetch(session, page.format("a.slow.example"))) for _ in range(20)]
    await until(lambda: slow.asked)
    finding[0].cancel()
    await asyncio.sleep(0)
    slow.go_on.set()
    found = await asyncio.gather(*finding, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert found[1:] == [b"ok"] * 19
    assert slow.asked == ["a.slow.example"]


async def test_a_slow_name_server_holds_up_no_more_than_its_own_threads(
    page: str, session: aiohttp.ClientSession, slow: SlowNames
) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    tasks = [asyncio.create_task(fetch(session, page.format(f"{n}.slow.example"))) for n in range(LOOKUPS_MAX - 1)]
    async with asyncio.timeout(15):
        assert await fetch(session, page.format("localhost"))
        tasks += [asyncio.create_task(fetch(session, page.format(f"x{n}.slow.example"))) for n in range(9)]
        await until(lambda: len(slow.asked) == LOOKUPS_MAX)
        await asyncio.sleep(0.1)
        assert len(slow.asked) == LOOKUPS_MAX
        assert await asyncio.to_thread(lambda: "the database's") == "the database's"
    await session.close()
    slow.go_on.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0.1)
    assert len(slow.asked) == LOOKUPS_MAX, "names that nobody waits for any more are not looked up"
