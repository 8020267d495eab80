"""A client that goes away is noticed whatever its server waits for, and costs no more than it must."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable, Iterator
from fractions import Fraction
from typing import Any
from urllib.parse import urlsplit

import pytest

from app.api.v1.client_watch import ClientWatch
from tests.emulators.upstream import RunningUpstream
from tests.support.server import QUESTION, Demo
from tests.support.waiting import wait_until

Message = dict[str, Any]
GONE: Message = {"type": "http.disconnect"}
REST: Message = {"type": "http.request", "body": b"", "more_body": False}


class Server:
    """What a server tells of its client: it waits for each message as its own kind does."""

    def __init__(self, waits: Callable[["Server"], Awaitable[None]]) -> None:
        self.messages: list[Message] = []
        self.event = asyncio.Event()
        self._waits = waits

    def tell(self, *messages: Message) -> None:
        self.messages += messages
        self.event.set()

    async def receive(self) -> Message:
        while not self.messages:
            await self._waits(self)
        return self.messages.pop(0)


async def by_event(server: Server) -> None:
    await server.event.wait()
    server.event.clear()


async def by_polling(server: Server) -> None:
    await asyncio.sleep(0)


async def by_sleeping(server: Server) -> None:
    await asyncio.sleep(0.001)


async def by_a_task(server: Server) -> None:
    await asyncio.shield(asyncio.ensure_future(asyncio.sleep(0.001)))


WAITS = [by_event, by_polling, by_sleeping, by_a_task]


async def serve(server: Server, told: list[str]) -> None:
    """Serves a client for ever, and tells why it stopped."""
    watch = ClientWatch(server.receive)
    try:
        told.append("serving")
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        if not watch.has_cancelled():
            told.append("cancelled by another")
            raise
        told.append("gone")
    finally:
        watch.end()


@pytest.mark.unhurried
@pytest.mark.parametrize("waits", WAITS)
@pytest.mark.parametrize("messages", [(GONE,), (REST, GONE), (REST, REST, GONE)], ids=len)
async def test_a_client_that_goes_away_is_noticed(waits: Any, messages: tuple[Message, ...]) -> None:
    server, told = Server(waits), list[str]()
    serving = asyncio.create_task(serve(server, told))
    await asyncio.sleep(0.01)
    assert told == ["serving"]
    server.tell(*messages)
    await asyncio.wait_for(serving, 5)
    assert told == ["serving", "gone"]


async def test_one_that_was_gone_before_is_noticed_at_the_first_wait() -> None:
    server, told = Server(by_event), list[str]()
    server.tell(REST, GONE)
    await asyncio.wait_for(serve(server, told), 5)
    assert told == ["serving", "gone"]


async def test_who_else_cancels_is_told_apart() -> None:
    server, told = Server(by_event), list[str]()
    serving = asyncio.create_task(serve(server, told))
    await asyncio.sleep(0)
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert told == ["serving", "cancelled by another"]


@pytest.mark.parametrize("waits", WAITS)
async def test_an_ended_watch_cancels_nobody(waits: Any) -> None:
    server = Server(waits)
    watch = ClientWatch(server.receive)
    await asyncio.sleep(0)
    watch.end()
    server.tell(GONE)
    await asyncio.sleep(0.01)  # would raise CancelledError
    assert not watch.has_cancelled()


@pytest.fixture
def raw(demo: Demo) -> Iterator[socket.socket]:
    address = urlsplit(demo.base_url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        yield connection


def ask(raw: socket.socket, demo: Demo, user: str, model: str, *, key: str = "", **more: Any) -> None:
    content = json.dumps({"model": model, "user": user, "messages": QUESTION, **more}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {demo.key}\r\n"
    head += f"Idempotency-Key: {key}\r\n" if key else ""
    raw.sendall(head.encode() + f"Content-Length: {len(content)}\r\n\r\n".encode() + content)


def ended(demo: Demo, user: str) -> Message:
    """Returns the receipt of a user's only request once it has ended."""
    found: list[Message] = []

    def has_ended() -> bool:
        found[:] = demo.get(f"/requests?user={user}").json()["data"]
        return bool(found) and found[0]["status"] != "running"

    wait_until(has_ended, 0.02)
    return found[0]


def leave(demo: Demo, emulated: RunningUpstream, raw: socket.socket, milliseconds: int, **more: Any) -> Message:
    """Asks, leaves while the provider works, and has it answer so long after that; returns the receipt."""
    emulated.reset()
    emulated.become(**{"slow-first:8:600": f"gated:8:{milliseconds}"})
    user = demo.new_user()
    ask(raw, demo, user, "slow-first:8:600", **more)
    wait_until(emulated.seen)
    raw.close()
    emulated.go()
    return {**ended(demo, user), "left": demo.spendable(user)}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("milliseconds", [60, 120, 600])
def test_who_leaves_before_anything_came_pays_nothing_however_fast_the_answer_is(
    demo: Demo, emulated: RunningUpstream, raw: socket.socket, milliseconds: int, stream: bool
) -> None:
    receipt = leave(demo, emulated, raw, milliseconds, stream=stream)
    assert (receipt["status"], Fraction(receipt["charge"]), receipt["left"]) == ("released", 0, 5)


def test_who_leaves_at_once_pays_nothing_of_an_answer_that_comes_at_once(demo: Demo) -> None:
    user, address = demo.new_user(), urlsplit(demo.base_url)
    for number in range(12):
        with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)  # what is sent goes out with its end
            ask(connection, demo, user, "ok", stream=bool(number % 2))
    assert demo.chat("ok", user, max_tokens=9).status_code == 200
    found = demo.get(f"/requests?user={user}").json()["data"]
    assert len([receipt for receipt in found if Fraction(receipt["charge"])]) == 1


def test_who_leaves_a_fast_stream_pays_for_what_came(demo: Demo, emulated: RunningUpstream, raw: socket.socket) -> None:
    emulated.reset()
    emulated.become(**{"ok:40:5": "ok:4000:5"})  # it lasts for longer than any machine is away
    user = demo.new_user()
    ask(raw, demo, user, "ok:40:5", stream=True)
    received = b""
    while received.count(b"data: ") < 4:
        received += raw.recv(65_536)
    raw.close()
    receipt = ended(demo, user)
    output = next(line["tokens"] for line in receipt["lines"] if line["kind"] == "output")
    assert (receipt["status"], receipt["disconnect"]) == ("settled", "cancel") and 2 <= output < 4_000


@pytest.mark.parametrize("stream", [False, True])
def test_a_fast_answer_with_a_key_goes_on_and_says_that_its_client_had_gone(
    demo: Demo, emulated: RunningUpstream, raw: socket.socket, stream: bool
) -> None:
    receipt = leave(demo, emulated, raw, 120, key="k", stream=stream)
    assert (receipt["status"], receipt["disconnect"]) == ("settled", "drain")
    assert receipt["left"] == 5 - Fraction(receipt["charge"]) < 5
