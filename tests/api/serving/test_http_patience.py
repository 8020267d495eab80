"""How long our server waits for a stranger, over raw sockets: for a head, for somebody to read, for a turn."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.api.serving.asgi import Receive, Scope, Send
from tests.support.raw_http import QUICK, Answer, ask, connect, echo, read_to_end, serving
from tests.support.waiting import wait_until

GET = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving() as found:
        yield found


def only(answers: list[Answer]) -> Answer:
    assert len(answers) == 1, answers
    return answers[0]


@pytest.mark.unhurried
def test_an_unfinished_head_is_told_and_closed_and_an_idle_connection_closed(port: int) -> None:
    begun = time.monotonic()
    for pieces in ((b"GET / HTTP/1.1\r\nHo",), (GET, b"GET / HT"), (b"\r\n" * 5, b"G")):
        assert ask(port, *pieces)[-1].code == "headers_timeout"
    assert ask(port, b"") == ask(port, b"\r\n") == []
    assert only(ask(port, GET)).status == 200
    assert time.monotonic() - begun < 15


@pytest.mark.unhurried
def test_a_head_that_trickles_has_no_more_time_than_one_that_stops(port: int) -> None:
    with connect(port) as raw:
        begun = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() - begun < 10:
                raw.sendall(b"a: b\r\n" if time.monotonic() - begun > 0.1 else GET[:-2])
                time.sleep(0.05)
        assert time.monotonic() - begun < 5


def test_of_connections_without_a_request_the_oldest_go_first() -> None:
    with serving(limits=replace(QUICK, head_seconds=90, idle_seconds=90)) as port:
        opened = [connect(port) for _ in range(13)]
        try:
            opened[-1].sendall(GET)
            assert opened[-1].recv(15) == b"HTTP/1.1 200 OK"
            for old in opened[:3]:
                assert old.recv(1) == b""
            for young in opened[4:6]:
                young.sendall(GET)
                assert young.recv(15) == b"HTTP/1.1 200 OK"
        finally:
            for one in opened:
                one.close()


holding: list[str] = []


async def held(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers at once where the path is short, and nowhere else."""
    if len(scope["path"]) < 3:
        await echo(scope, receive, send)
    else:
        holding.append(scope["path"])
        await receive()
        await receive()


@pytest.mark.unhurried
def test_when_every_connection_has_a_request_a_new_one_is_told_so() -> None:
    holding.clear()
    with serving(held) as port:
        opened = []
        try:
            for _ in range(60):
                opened.append(connect(port))
                opened[-1].sendall(b"GET /held HTTP/1.1\r\n\r\n")
                wait_until(lambda: len(holding) == len(opened))
            answer = only(ask(port, b""))
            assert (answer.status, answer.headers["retry-after"]) == (503, "2")
            opened.pop().close()
            wait_until(lambda: only(ask(port, LAST)).status == 200)
        finally:
            for one in opened:
                one.close()


ended: list[Any] = []


async def endless(scope: Scope, receive: Receive, send: Send) -> None:
    """Sends for ever, or one large answer; says how it ended."""
    await receive()
    piece = b"x" * 65_536
    is_whole = scope["path"] == "/whole"
    headers = [(b"content-length", b"%d" % (len(piece) * 400))] if is_whole else []
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    if is_whole:
        await send({"type": "http.response.body", "body": piece * 400})
        return
    gone = asyncio.ensure_future(receive())
    while not gone.done():
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        await asyncio.sleep(0)
    ended.append(gone.result()["type"])


@pytest.mark.unhurried
@pytest.mark.parametrize("head", [b"GET /whole HTTP/1.1\r\n\r\n", b"GET /whole HTTP/1.0\r\n\r\n",
                                  b"GET /stream HTTP/1.1\r\n\r\n", GET * 60])  # fmt: skip
def test_who_does_not_read_is_gone_after_the_silence_limit(head: bytes) -> None:
    ended.clear()
    with serving(endless) as port, connect(port, buffer_bytes=4_096) as raw:
        raw.sendall(head)
        time.sleep(1.2)
        if b"stream" in head or head.startswith(GET):
            for _ in range(600):
                if ended:
                    break
                time.sleep(0.05)
            assert ended == ["http.disconnect"]
        with pytest.raises(ConnectionResetError):
            read_to_end(raw)


@pytest.mark.unhurried
@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
def test_who_reads_slowly_gets_all_of_it(version: bytes) -> None:
    """Its kernel takes a third of ours at a time: much longer than the silence limit passes between two writes."""
    patient = replace(QUICK, silence_seconds=2)
    with serving(endless, patient) as port, connect(port, buffer_bytes=65_536) as raw:
        raw.sendall(b"GET /whole HTTP/%s\r\n\r\n" % version)
        received = 0
        for _ in range(20):
            time.sleep(0.15)
            received += len(raw.recv(50_000))
        received += len(read_to_end(raw))
        assert received > 400 * 65_536
