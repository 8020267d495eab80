"""What a stranger may send on one connection, over raw sockets: each request is read in one way, or not at all."""

import socket
from collections.abc import Iterator

import pytest

from app.api.serving.asgi import Receive, Scope, Send
from tests.support.raw_http import Answer, answers_in, ask, connect, read_to_end, said, serving

POST = b"POST /x HTTP/1.1\r\nHost: a\r\n"
GET = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\n\r\n"
CLOSE = b"Connection: close\r\n"
LAST = b"GET /a HTTP/1.1\r\nHost: a\r\n" + CLOSE + b"\r\n"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving() as found:
        yield found


def only(answers: list[Answer]) -> Answer:
    assert len(answers) == 1, answers
    return answers[0]


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nX: " + b"a" * 28_000_000,
        b"GET / HTTP/1.1\r\nX: " + b"a" * 16_400 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"a" * 16_400 + b": x\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + (b"X: " + b"a" * 10_000 + b"\r\n") * 7 + b"\r\n",
        b"GET / HTTP/1.1\r\n" + b"a:\r\n" * 20_000,
        b"GET /" + b"a" * 8_200 + b" HTTP/1.1\r\n\r\n",
        b"GET /?" + b"a" * 1_000_000,
        GET + b"GET / HTTP/1.1\r\nX: " + b"a" * 1_000_000,
    ],
)
def test_a_head_has_bounds(port: int, head: bytes) -> None:
    last = ask(port, head)[-1]
    assert (last.status, last.code) == (431, "headers_too_large")
    assert last.headers["x-request-id"].startswith("req_") and last.headers["connection"] == "close"


def test_a_head_that_comes_byte_by_byte_has_bounds_too(port: int) -> None:
    with connect(port) as raw:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw.sendall(b"GET / HTTP/1.1\r\nX: ")
        for _ in range(150):
            raw.sendall(b"a" * 1_000)
        assert only(answers_in(read_to_end(raw))).status == 431


def test_a_head_within_the_bounds_is_taken(port: int) -> None:
    lines = b"".join(b"X-%d: %s\r\n" % (number, b"a" * 15_000) for number in range(4))
    answer = only(ask(port, b"GET /" + b"a" * 5_000 + b" HTTP/1.1\r\n" + CLOSE + lines + b"\r\n"))
    assert answer.status == 200 and len(said(answer)["headers"]) == 5


@pytest.mark.parametrize("wish", [b"h2c", b"websocket", b"TLS/1.0", b"h2c, websocket"])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_body_behind_an_upgrade_that_is_not_served_belongs_to_its_request(
    port: int, wish: bytes, is_chunked: bool
) -> None:
    head = POST + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: " + wish + b"\r\nHTTP2-Settings: AAMA\r\n"
    size = len(SMUGGLED)
    body = CHUNKED + b"%x\r\n%s\r\n0\r\n\r\n" % (size, SMUGGLED) if is_chunked else b"Content-Length: %d\r\n\r\n%s" % (
        size, SMUGGLED)  # fmt: skip
    for pieces in ((head + body + LAST,), (head, body, LAST), (head + body[:-9], body[-9:] + LAST)):
        answers = ask(port, *pieces, pause_seconds=0.02)
        assert [(said(one)["method"], said(one)["path"]) for one in answers] == [("POST", "/x"), ("GET", "/a")]
        assert said(answers[0])["body"].encode() == SMUGGLED
        assert not {"upgrade", "http2-settings"} & set(said(answers[0])["headers"])


def test_an_ignored_upgrade_keeps_what_else_was_wished(port: int) -> None:
    wish = b"Connection: Upgrade, close\r\nUpgrade: h2c\r\n"
    assert only(ask(port, b"GET /a HTTP/1.1\r\n" + wish + b"\r\n" + GET)).headers["connection"] == "close"
    many = ask(port, (b"GET /a HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n") * 40 + LAST)
    assert [one.status for one in many] == [200] * 41


@pytest.mark.parametrize(
    "request_text",
    [
        POST + b"Content-Length: 3\r\n" + CHUNKED + b"0\r\n\r\n",
        POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        POST + b"Content-Length: 3, 3\r\n\r\nabc",
        POST + b"Content-Length: +3\r\n\r\nabc",
        POST + b"Content-Length: 0x3\r\n\r\nabc",
        POST + b"Content-Length: 99999999999999999999999\r\n\r\nabc",
        POST + b"X: a\r\n folded\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        POST + CHUNKED + b"3\nabc\n0\n\n",
        POST + CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n",
        POST + CHUNKED + b"fffffffffffffffff\r\nabc\r\n0\r\n\r\n",
        POST + CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n",
        POST + b"X: a\rY: b\r\n\r\n",
        POST + b"X: a\nY: b\r\n\r\n",
        POST + b"X: a\x00b\r\n\r\n",
        POST + b"Host: b\r\n\r\n",
        b"GET / HTTP/1.1\nHost: a\n\n",
        b"POST / HTTP/1.0\r\n" + CHUNKED + b"0\r\n\r\n",
        b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://evil HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_what_can_be_read_in_two_ways_is_refused_and_the_connection_with_it(port: int, request_text: bytes) -> None:
    answer = only(ask(port, request_text + SMUGGLED))
    assert (answer.status, answer.code, answer.headers["connection"]) == (400, "malformed_request", "close")


@pytest.mark.parametrize(
    ("request_text", "expected"),
    [
        (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", (501, "unknown_transfer_coding")),
        (POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", (501, "unknown_transfer_coding")),
        (POST + b"Transfer-Encoding: identity\r\n\r\nabc", (501, "unknown_transfer_coding")),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", (505, "http_version_not_supported")),
        (b"GET /\r\n\r\n", (505, "http_version_not_supported")),
    ],
)
def test_what_is_not_served_is_said(port: int, request_text: bytes, expected: tuple[int, str]) -> None:
    answer = only(ask(port, request_text))
    assert (answer.status, answer.code) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"3;" + b"a" * 1_000_000 + b"\r\nabc\r\n0\r\n\r\n",
        b"1\r\nx\r\n" * 100_000 + b"0\r\n\r\n",
        b"3\r\nabc\r\n0\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
        b"3\r\nabc\r\n0\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n",
    ],
)
def test_what_stands_around_chunks_has_bounds(port: int, body: bytes) -> None:
    assert only(ask(port, POST + CHUNKED + body)).status in (400, 431)


def test_chunks_may_be_small_and_say_something(port: int) -> None:
    body = b'1;name="x"\r\nx\r\n' * 3_000 + b"0\r\n\r\n"
    answer = only(ask(port, POST + CLOSE + CHUNKED + body))
    assert said(answer)["body"] == "x" * 3_000
    large = b"".join(b"%x\r\n%s\r\n" % (4_096, b"y" * 4_096) for _ in range(500)) + b"0\r\n\r\n"
    assert len(said(only(ask(port, POST + CLOSE + CHUNKED + large)))["body"]) == 500 * 4_096


def test_what_comes_behind_a_body_says_nothing_about_its_request(port: int) -> None:
    trailers = b"3\r\nabc\r\n0\r\nAuthorization: Bearer evil\r\nX-Paywall-User: eve\r\n\r\n"
    first, second = ask(port, POST + CHUNKED + trailers + LAST)
    assert said(first)["headers"] == {"host": "a", "transfer-encoding": "chunked"}
    assert said(second)["path"] == "/a"


def test_an_absolute_target_is_served_as_its_path(port: int) -> None:
    answer = only(ask(port, b"GET http://other/p/q?r=1 HTTP/1.1\r\n" + CLOSE + b"Host: a\r\n\r\n"))
    assert said(answer)["path"] == "/p/q"


def test_answers_that_are_due_come_before_a_refusal(port: int) -> None:
    assert [one.status for one in ask(port, GET * 3 + b"\x00\x01")] == [200, 200, 200, 400]
    broken = POST + CHUNKED + b"zz\r\n"
    assert [one.status for one in ask(port, GET * 3 + broken + GET)] == [200, 200, 200, 400]


def test_so_many_requests_may_wait_for_their_turn(port: int) -> None:
    assert [one.status for one in ask(port, GET * 60 + LAST)] == [200] * 61
    flood = ask(port, GET * 5_000)
    assert flood[-1].status == 400 and len(flood) < 100


def test_a_stream_in_http_1_0_ends_with_its_connection(port: int) -> None:
    for wish in (b"", b"Connection: keep-alive\r\n"):
        answer = only(ask(port, b"POST /x HTTP/1.0\r\n" + wish + b"Content-Length: 3\r\n\r\nabc"))
        assert said(answer)["body"] == "abc"
        assert "transfer-encoding" not in answer.headers and answer.headers["connection"] == "close"
    assert only(ask(port, b"HEAD /x HTTP/1.0\r\n\r\n")).body == b""


def test_who_asks_before_sending_a_body_is_told_to(port: int) -> None:
    with connect(port) as raw:
        raw.sendall(POST + CLOSE + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        assert raw.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        raw.sendall(b"abc")
        assert said(only(answers_in(read_to_end(raw))))["body"] == "abc"


async def early(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers without having read."""
    await send({"type": "http.response.start", "status": 413, "headers": [(b"content-length", b"3")]})
    await send({"type": "http.response.body", "body": b"not"})


@pytest.mark.unhurried
@pytest.mark.parametrize("wish", [b"", CLOSE])
def test_an_answer_before_the_body_was_sent_reaches_who_sends_it_all_the_same(wish: bytes) -> None:
    with serving(early) as port:
        body = b"x" * 30_000_000
        answer = only(ask(port, POST + wish + b"Content-Length: %d\r\n\r\n" % len(body), body))
        assert (answer.status, answer.body) == (413, b"not")
