"""An answer as it is written: its head with the first of its body, and never alone."""

import asyncio
from typing import cast

import pytest

from app.api.serving.asgi import Receive, Scope, Send
from app.api.wire.cycle import Cycle, Outlet
from tests.support.raw_http import ask, connect, read_to_end, serving

CLOSE = b"Host: a\r\nConnection: close\r\n\r\n"
START = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"3")]}


class Written:
    """A transport that remembers each step of what was written."""

    def __init__(self) -> None:
        self.steps: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.steps.append(data)

    def writelines(self, parts: tuple[bytes, ...]) -> None:
        self.steps.append(b"".join(parts))

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed


def outlet() -> tuple[Outlet, Written]:
    written = Written()
    return Outlet(cast(asyncio.Transport, written)), written


def test_a_head_waits_for_its_body_and_what_comes_behind_waits_for_nothing() -> None:
    out, written = outlet()
    out.write(b"100 Continue")
    out.takes_head = True
    out.write(b"head ")
    assert written.steps == [b"100 Continue"]
    out.write(b"one")
    out.write(b"two")
    assert written.steps == [b"100 Continue", b"head one", b"two"]


def test_a_head_alone_is_written_when_it_is_told_so_and_once() -> None:
    out, written = outlet()
    out.takes_head = True
    out.write(b"head")
    out.flush()
    out.flush()
    assert written.steps == [b"head"]


def test_an_answer_that_broke_before_its_body_was_never_begun() -> None:
    out, written = outlet()
    out.takes_head = True
    out.write(b"head")
    out.close()
    assert written.steps == [] and out.is_closing()


async def slow(scope: Scope, receive: Receive, send: Send) -> None:
    """Says its head, and its body a moment later, or nothing more."""
    await send(START)
    if scope["path"] == "/breaks":
        raise RuntimeError("broke")
    await asyncio.sleep(0.05)
    await send({"type": "http.response.body", "body": b"abc"})


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
def test_head_and_body_arrive_together_and_who_asked_for_the_head_gets_it_alone(method: bytes) -> None:
    with serving(slow) as port, connect(port) as raw:
        raw.sendall(method + b" / HTTP/1.1\r\n" + CLOSE)
        first = raw.recv(10_000)
        assert first.startswith(b"HTTP/1.1 200 OK\r\n") and b"content-length: 3" in first
        assert first.endswith(b"\r\n\r\nabc" if method == b"GET" else b"\r\n\r\n")
        assert read_to_end(raw) == b""


def test_of_an_answer_that_breaks_before_its_body_nothing_is_sent() -> None:
    with serving(slow) as port:
        assert ask(port, b"GET /breaks HTTP/1.1\r\n" + CLOSE) == []


async def pieces(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers in three pieces of unknown length, the last one with the end."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for number in range(3):
        body = {"type": "http.response.body", "body": b"%d" % number, "more_body": number < 2}
        await send(body)


@pytest.mark.parametrize(("version", "expected"), [(b"1.1", b"012"), (b"1.0", b"012")])
def test_an_answer_in_pieces_is_whole(version: bytes, expected: bytes) -> None:
    with serving(pieces) as port:
        (answer,) = ask(port, b"GET / HTTP/" + version + b"\r\n" + CLOSE)
        assert answer.body == expected


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    """Names no headers at all, as ASGI allows."""
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"abc"})


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
def test_an_answer_without_headers_is_sent(version: bytes) -> None:
    with serving(bare) as port:
        (answer,) = ask(port, b"GET / HTTP/" + version + b"\r\n" + CLOSE)
        assert answer.body == b"abc"


HEADS: list[list[tuple[bytes, bytes]]] = [
    [],
    [(b"content-length", b"3")],
    [(b"Content-Length", b"3"), (b"X-Mixed", b"Case")],
    [(b"content-type", b"text/plain"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"x-empty", b"")],
    [(b"connection", b"close"), (b"content-length", b"3")],
    [(b"transfer-encoding", b"chunked")],
    [(b"x-tab", b"a\tb"), (b"x-latin", "ä".encode("latin-1"))],
    [(b"x-bad", b"a\r\nx-smuggled: 1")],
    [(b"x bad", b"a")],
    [(b"x-null", b"\0")],
]


@pytest.mark.unhurried
@pytest.mark.parametrize("status", [200, 204, 404])
@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
def test_a_head_is_written_as_uvicorn_writes_it(monkeypatch: pytest.MonkeyPatch, status: int, version: bytes) -> None:
    async def headed(scope: Scope, receive: Receive, send: Send) -> None:
        headers = HEADS[int(scope["path"][1:])]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if status == 204 else b"abc"})

    def answers() -> list[list[bytes]]:
        found = []
        with serving(headed) as port:
            for number in range(len(HEADS)):
                with connect(port) as raw:
                    # The first keeps its connection, the last ends it.
                    raw.sendall(b"GET /%d HTTP/%b\r\nHost: a\r\n\r\nGET /1 HTTP/1.1\r\n" % (number, version) + CLOSE)
                    found.append(read_to_end(raw).split(b"\r\n"))
        return [[line for line in lines if not line.startswith((b"date:", b"x-request-id:"))] for lines in found]

    ours = answers()
    with monkeypatch.context() as uvicorns:
        uvicorns.setattr(Cycle, "_begins", lambda *_: False)
        assert ours == answers()
    assert not any(b"x-smuggled: 1" in lines for lines in ours)
