"""A flood of tiny frames, and a peer that takes nothing, keep nobody else waiting: over a real server and sockets."""

import asyncio
import socket as sockets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import uvicorn

from app.api.wire import socket_protocol
from app.api.wire.socket_protocol import MeteredConnection, PageSocketProtocol
from app.domain.limits.budgets import Allowance, Budget

EMPTY_FRAME = b"\x81\x80\x00\x00\x00\x00"
PING_FRAME = b"\x89\xfd" + b"\x00" * 4 + b"x" * 125
OPENING = (
    b"GET /_event/ HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Talker:
    """An app that hears everything, and speaks without end where it is asked to."""

    def __init__(self) -> None:
        self.heard = 0
        self.ended = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
            return
        await receive()
        await send({"type": "websocket.accept"})
        try:
            while (message := await receive())["type"] == "websocket.receive":
                self.heard += 1
                while message.get("text") == "speak":
                    await send({"type": "websocket.send", "text": "x" * 50_000})
        finally:
            self.ended.set()


@asynccontextmanager
async def serving(app: Talker) -> AsyncIterator[int]:
    config = uvicorn.Config(app, ws=PageSocketProtocol, ws_max_size=32_768, lifespan="off", log_config=None)
    config.load()
    server = uvicorn.Server(config)
    listening = sockets.create_server(("127.0.0.1", 0))
    running = asyncio.create_task(server.serve([listening]))
    yield listening.getsockname()[1]
    server.should_exit = True
    await running
    listening.close()


@pytest.fixture(autouse=True)
def plenty() -> Iterator[None]:
    """Gives each test the whole budget of the process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket_protocol, "_in_all", Budget(socket_protocol.FRAMES_IN_ALL, time.monotonic()))
        yield


@asynccontextmanager
async def talking(port: int) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with aiohttp.ClientSession() as client, client.ws_connect(f"ws://127.0.0.1:{port}/_event/") as socket:
        yield socket


async def slowest(port: int, seconds: float) -> float:
    """Returns for how many seconds of this thread an HTTP request and a short rest waited meanwhile, at most.

    Server, flood and question share the thread: what others take of the machine is nobody's waiting here.
    """
    found, ends = 0.0, time.perf_counter() + seconds
    async with aiohttp.ClientSession() as client:
        while time.perf_counter() < ends:
            started = time.thread_time()
            async with client.get(f"http://127.0.0.1:{port}/"):
                await asyncio.sleep(0.01)  # which a flood may hold up as well
            found = max(found, time.thread_time() - started)
    return found


async def flood(port: int, frame: bytes, seconds: float) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(OPENING)
    await reader.readuntil(b"\r\n\r\n")
    try:
        async with asyncio.timeout(seconds):
            while True:
                writer.write(frame * 10_000)
                await writer.drain()
    except (TimeoutError, ConnectionError):
        writer.transport.abort()


@pytest.mark.unhurried
@pytest.mark.parametrize("frame", [EMPTY_FRAME, PING_FRAME], ids=["empty", "pings"])
async def test_a_flood_of_frames_keeps_nobody_waiting(frame: bytes) -> None:
    app = Talker()
    async with serving(app) as port:
        waited, _ = await asyncio.gather(slowest(port, 1.5), flood(port, frame, 1.5))
        assert waited < 0.2


@pytest.mark.unhurried
async def test_a_peer_that_takes_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_protocol, "UNTAKEN_SECONDS_MAX", 0.3)
    app = Talker()
    async with serving(app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1_024)
        writer.write(OPENING)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"\x81\x85\x00\x00\x00\x00speak")
        await asyncio.wait_for(app.ended.wait(), 10)
        writer.transport.abort()


async def test_an_honest_burst_arrives_whole() -> None:
    app = Talker()
    async with serving(app) as port, talking(port) as socket:
        for number in range(400):
            await socket.send_str(str(number))
        await socket.close()
        await asyncio.wait_for(app.ended.wait(), 10)
        assert app.heard == 400


async def test_a_message_above_the_limit_ends_its_socket() -> None:
    app = Talker()
    async with serving(app) as port, talking(port) as socket:
        await socket.send_str("x" * 40_000)
        message = await socket.receive(10)
        assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED) and app.heard == 0


def test_a_connection_gives_out_what_its_budget_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_protocol, "FRAMES", Allowance(2, 0))
    monkeypatch.setattr(socket_protocol, "_in_all", Budget(Allowance(2, 0), time.monotonic()))
    connection = MeteredConnection()
    connection.receive_data(OPENING)
    assert len(list(connection.events())) == 1 and not connection.is_paused
    for _ in range(2):
        assert not list(connection.events()) and not connection.is_paused
    assert not list(connection.events()) and connection.is_paused
