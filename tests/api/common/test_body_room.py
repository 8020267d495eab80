"""Long bodies under way together are bounded: others wait their turn, then are refused; short ones never wait."""

import asyncio
import gzip
import json
import select
import socket
import threading
import weakref
import zlib
from collections.abc import AsyncIterator, MutableMapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from app import settings
from app.api.common import body_room
from app.api.common.body import FORM_BYTES_MAX, BodyLimits, ClientGone, read_body
from app.api.common.body_room import LONG_BYTES, BodyRoom, Share, Taker
from app.api.v1 import chat as api_chat
from app.domain.errors import CoinslotError, Unavailable
from tests.emulators.upstream import RunningUpstream
from tests.support.raw_http import answers_in, connect, read_to_end
from tests.support.server import Demo, running

MOST = 1_000_000
LIMITS = BodyLimits(bytes_max=900_000, seconds=5, silence_seconds=5)


class Request:
    """Something that lives as long as a request does."""


@pytest.fixture
async def room(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[BodyRoom]:
    settings.configure(bodies_bytes_max=MOST)
    monkeypatch.setattr(body_room, "WAIT_SECONDS_MAX", 0.05)
    yield BodyRoom()
    settings.configure()


async def waiting(room: BodyRoom, paywall_id: str, size: int, account_id: str = "") -> "asyncio.Task[None]":
    task = asyncio.create_task(room.take(Taker(paywall_id, account_id), size))
    await asyncio.sleep(0)
    return task


async def test_who_finds_no_room_is_refused_after_a_while_and_takes_none(room: BodyRoom) -> None:
    await room.take(Taker("a"), 500_000)
    await room.take(Taker("b"), 400_000)
    with pytest.raises(Unavailable, match="Too many long requests"):
        await room.take(Taker("c"), 200_000)
    assert room.taken_bytes == 900_000
    await room.take(Taker("c"), 100_000)


async def test_who_waits_comes_in_in_order_as_room_is_given_back(room: BodyRoom) -> None:
    await room.take(Taker("a"), 1_000_000)
    first, second = await waiting(room, "b", 900_000), await waiting(room, "c", 200_000)
    room.give(Taker("a"), 1_000_000)
    await first
    assert not second.done()
    room.give(Taker("b"), 900_000)
    await second
    assert room.taken_bytes == 200_000


async def test_one_paywall_has_half_and_holds_nobody_else_up(room: BodyRoom) -> None:
    await room.take(Taker("a"), 400_000)
    own = await waiting(room, "a", 200_000)
    await room.take(Taker("b"), 400_000)
    assert not own.done()
    room.give(Taker("a"), 400_000)
    await own


async def test_one_account_has_a_part_of_its_paywalls_half_and_holds_no_other_up(room: BodyRoom) -> None:
    """Whoever has a host of their own that reads nothing may keep what they ask of it here for minutes, for nothing."""
    eve, ada = Taker("credits", "eve"), Taker("credits", "ada")
    await room.take(eve, 100_000)
    more = await waiting(room, "credits", 50_000, "eve")
    await room.take(ada, 200_000)  # more than a part, which it has alone
    own = await waiting(room, "credits", 30_000, "ada")
    await room.take(Taker("credits", "bob"), 100_000)
    assert not more.done() and not own.done() and room.taken_bytes == 400_000
    room.give(eve, 100_000)
    await more
    room.give(ada, 200_000)
    await own
    assert room.taken_bytes == 180_000


async def test_the_paywall_that_has_least_comes_next(room: BodyRoom) -> None:
    for paywall_id, size in {"a": 300_000, "b": 500_000, "c": 200_000}.items():
        await room.take(Taker(paywall_id), size)
    earlier, later = await waiting(room, "a", 200_000), await waiting(room, "d", 200_000)
    room.give(Taker("c"), 200_000)
    await later
    assert not earlier.done()
    room.give(Taker("b"), 500_000)
    await earlier
    assert room.taken_bytes == 700_000


async def test_shorter_bodies_of_the_same_paywall_overtake_none(room: BodyRoom) -> None:
    await room.take(Taker("a"), 300_000)
    long, short = await waiting(room, "a", 400_000), await waiting(room, "a", 100_000)
    assert not long.done() and not short.done()
    room.give(Taker("a"), 300_000)
    await long
    await short
    assert room.taken_bytes == 500_000


async def test_what_is_larger_than_its_part_has_it_alone(room: BodyRoom) -> None:
    await room.take(Taker("a"), 5_000_000)
    with pytest.raises(Unavailable):
        await room.take(Taker("b"), 1)
    room.give(Taker("a"), 5_000_000)
    await room.take(Taker("a"), 900_000)
    assert room.taken_bytes == 900_000


@pytest.mark.parametrize("is_granted", [False, True])
async def test_who_leaves_while_waiting_takes_nothing_and_lets_others_pass(room: BodyRoom, is_granted: bool) -> None:
    await room.take(Taker("a"), 1_000_000)
    leaving, other = await waiting(room, "b", 1_000_000), await waiting(room, "c", 300_000)
    if is_granted:
        room.give(Taker("a"), 1_000_000)
    leaving.cancel()
    if not is_granted:
        room.give(Taker("a"), 1_000_000)  # before the one that was cancelled has had its turn
    with pytest.raises(asyncio.CancelledError):
        await leaving
    await other
    assert room.taken_bytes == 300_000


async def test_a_share_lasts_as_long_as_its_request_whoever_has_it_last(room: BodyRoom) -> None:
    share, request = Share(Taker("a"), room), Request()
    await share.take(300_000)
    share.follow(request)
    share.leave()
    assert room.taken_bytes == 300_000
    is_gone, held = weakref.ref(request), [request]
    del request
    thread = threading.Thread(target=held.clear)
    thread.start()
    thread.join()
    assert is_gone() is None
    await asyncio.sleep(0.01)
    assert room.taken_bytes == 0


async def test_a_share_without_a_request_ends_with_its_exchange(room: BodyRoom) -> None:
    share = Share(Taker("a"), room)
    share.leave()
    await share.take(300_000)
    share.leave()
    share.leave()
    assert room.taken_bytes == 0


def coming(*pieces: bytes) -> Any:
    """Returns what hands a body on in pieces, and notes how many were asked for."""
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    messages[-1]["more_body"] = False
    left = iter(messages)

    async def receive() -> MutableMapping[str, Any]:
        return next(left, {"type": "http.disconnect"})

    return receive


LONG = b"x" * 600_000
FORMS = {
    "announced": ({b"content-length": b"600000"}, [LONG]),
    "in chunks": ({}, [LONG[:300_000], LONG[300_000:]]),
    "compressed": ({b"content-encoding": b"gzip", b"content-length": b"640"}, [gzip.compress(LONG)]),
    "compressed, in chunks": ({b"content-encoding": b"gzip"}, [gzip.compress(LONG)]),
}


@pytest.mark.parametrize("form", FORMS)
async def test_a_long_body_takes_what_it_comes_to_however_it_comes(room: BodyRoom, form: str) -> None:
    headers, pieces = FORMS[form]
    share = Share(Taker("a"), room)
    assert await read_body(coming(*pieces), headers, LIMITS, share) == LONG
    assert room.taken_bytes == len(LONG)
    with pytest.raises(Unavailable):
        await read_body(coming(*pieces), headers, LIMITS, Share(Taker("b"), room))
    short = b"x" * LONG_BYTES
    assert await read_body(coming(short), {b"content-length": b"200000"}, LIMITS, Share(Taker("a"), room)) == short
    share.leave()
    assert room.taken_bytes == 0


async def test_a_body_that_breaks_off_gives_its_room_back(room: BodyRoom) -> None:
    share = Share(Taker("a"), room)
    receive = coming(LONG, b"")
    await receive()
    with pytest.raises(ClientGone):
        await receive() and await read_body(receive, {b"content-length": b"800000"}, LIMITS, share)
    share.leave()
    assert room.taken_bytes == 0


async def test_compressed_bodies_count_by_what_they_come_to_and_short_ones_never_wait(room: BodyRoom) -> None:
    await room.take(Taker("other"), MOST)
    short = b"x" * LONG_BYTES
    for coding, compress in ((b"gzip", gzip.compress), (b"deflate", zlib.compress), (b"identity", bytes)):
        packed = compress(short)
        headers = {b"content-encoding": coding, b"content-length": b"%d" % len(packed)}
        assert await read_body(coming(packed), headers, LIMITS, Share(Taker("a"), room)) == short
        with pytest.raises(Unavailable):
            packed = compress(short + b"x")
            headers[b"content-length"] = b"%d" % len(packed)
            await read_body(coming(packed), headers, LIMITS, Share(Taker("a"), room))
    assert room.taken_bytes == MOST


@pytest.mark.parametrize("body", [b"x" * 700_000, gzip.compress(b"x" * 900_001), gzip.compress(LONG)[:-9]])
async def test_what_is_refused_while_it_is_read_gives_its_room_back(room: BodyRoom, body: bytes) -> None:
    share = Share(Taker("a"), room)
    with pytest.raises(CoinslotError):
        await read_body(coming(body), {b"content-encoding": b"gzip"}, LIMITS, share)
    share.leave()
    assert room.taken_bytes == 0


def test_no_other_route_reads_bodies_that_need_room() -> None:
    assert FORM_BYTES_MAX < LONG_BYTES


async def test_who_is_refused_is_told_in_openais_shape_when_to_come_again(
    room: BodyRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = list[MutableMapping[str, Any]]()

    async def find_payer(_authorization: bytes) -> Any:
        return SimpleNamespace(paywall_id="a", account_id=None)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    monkeypatch.setattr(body_room, "ROOM", room)
    monkeypatch.setattr(api_chat, "find_payer", find_payer)
    await room.take(Taker("other"), MOST)
    scope = {"headers": [(b"content-length", b"300000")], "path": "/v1/chat/completions",
             "coinslot.request_id": "req_1", "coinslot.headers": []}  # fmt: skip
    await api_chat.chat(scope, coming(b"x" * 300_000), send)
    assert sent[0]["status"] == 503
    assert dict(sent[0]["headers"])[b"retry-after"].isdigit()
    error = json.loads(sent[1]["body"])["error"]
    assert error["code"] == "unavailable" and "nothing was charged" in error["message"]
    assert room.taken_bytes == MOST


def begin(demo: Demo, user: str, size: int) -> tuple[socket.socket, bytes]:
    """Sends the head of a chat request whose body has about `size` bytes; returns the body too."""
    message = {"role": "user", "content": "x" * size}
    body = json.dumps({"model": "ok", "user": user, "max_tokens": 5, "messages": [message]}).encode()
    head = f"Host: x\r\nAuthorization: Bearer {demo.key}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    raw = connect(urlsplit(demo.base_url).port or 0)
    raw.sendall(b"POST /v1/chat/completions HTTP/1.1\r\n" + head.encode())
    return raw, body


@pytest.mark.unhurried
def test_long_bodies_wait_for_each_other_and_short_ones_for_none(tmp_path: Path, emulated: RunningUpstream) -> None:
    with running(tmp_path, "--upstream", emulated.base_url, BODIES_BYTES_MAX="1000000") as demo:
        user = demo.new_user("1000")
        holder, first = begin(demo, user, 900_000)
        with holder:
            holder.sendall(first[:1_000])
            waiter, second = begin(demo, user, 900_000)
            sending = threading.Thread(target=waiter.sendall, args=(second,))
            sending.start()
            assert demo.chat("ok", user).status_code == 200
            leaver, third = begin(demo, user, 900_000)
            with leaver:
                leaver.sendall(third[:1_000])
            assert not select.select([waiter], [], [], 0.3)[0]
        # The first is gone in the middle of its body, another while it waited.
        with waiter:
            (answer,) = answers_in(read_to_end(waiter))
            sending.join()
        last, body = begin(demo, user, 900_000)
        with last:
            last.sendall(body)
            (other,) = answers_in(read_to_end(last))
        assert (answer.status, other.status) == (200, 200), answer.body + other.body
