"""Signed messages to real endpoints, and to none that are private."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.adapters.outbound import guard
from app.adapters.outbound.messenger import ANSWER_BYTES_MAX, HttpMessenger
from app.domain import clock
from app.domain.key_text import make_signing_secret
from app.ports.webhooks import Message, Posted
from tests.emulators.receiver import Receiver, receiving
from tests.support.endpoints import PUBLIC, Speak, serving

SECRETS = [make_signing_secret(), make_signing_secret()]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


@pytest.fixture
async def messenger() -> AsyncIterator[HttpMessenger]:
    made = HttpMessenger(seconds_max=20, allow_private=True)
    yield made
    await made.close()


@pytest.fixture
async def hasty() -> AsyncIterator[HttpMessenger]:
    made = HttpMessenger(seconds_max=0.3, allow_private=True)
    yield made
    await made.close()


LATE = Posted(None, "The endpoint did not answer within 0.3 seconds.")
REFUSED = Posted(None, "The endpoint has a private address, which is not allowed here.")


def message(url: str, headers: Mapping[str, str] | None = None) -> Message:
    headers = {"X-Tenant": "t1"} if headers is None else headers
    return Message("evt_1", url, b'{"a": "\xc3\xbc"}', SECRETS, headers, clock.now() // clock.SECOND)


async def test_a_message_is_verified_with_each_secret(messenger: HttpMessenger, endpoint: Receiver) -> None:
    assert await messenger.post(message(endpoint.url())) == Posted(200)
    one = endpoint.at("/ok")[-1]
    assert [one.verify(secret) for secret in SECRETS] == [{"a": "ü"}] * 2
    assert (one.headers["x-tenant"], one.headers["content-type"]) == ("t1", "application/json")
    assert "cookie" not in one.headers and "authorization" not in one.headers


@pytest.mark.parametrize("url", ["http://127.0.0.1:{}/ok", "http://localhost:{}/ok", "http://[::1]:{}/ok"])
async def test_private_addresses_are_refused_unless_allowed(endpoint: Receiver, url: str) -> None:
    before = len(endpoint.received)
    guarded, open_ = HttpMessenger(seconds_max=20), HttpMessenger(seconds_max=20, allow_private=True)
    address = url.format(endpoint.port)
    assert await guarded.post(message(address)) == REFUSED
    assert len(endpoint.received) == before
    assert guarded.is_refused(address) and not open_.is_refused(address)
    await guarded.close()


def test_what_is_public_or_a_name_is_not_refused_outright() -> None:
    guarded = HttpMessenger(seconds_max=1)
    assert not guarded.is_refused("https://1.1.1.1/") and not guarded.is_refused("https://app.example/")
    assert guarded.is_refused("https://[::ffff:10.0.0.1]/") and guarded.is_refused("https://169.254.169.254/")


async def test_a_name_that_changes_its_mind_leads_to_nothing_private(
    turncoat: str, public_and_private: Mapping[str, int]
) -> None:
    guarded = HttpMessenger(seconds_max=20)
    posted = [await guarded.post(message(turncoat)) for _ in range(4)]
    await guarded.close()
    assert posted == [Posted(200), REFUSED] * 2
    assert (public_and_private[PUBLIC], public_and_private["127.0.0.1"]) == (2, 0)


async def test_a_redirect_is_followed_nowhere(messenger: HttpMessenger, endpoint: Receiver) -> None:
    before = len(endpoint.received)
    assert await messenger.post(message(endpoint.url("/redirect"))) == Posted(
        302, "The endpoint answered with a redirect (302), which is not followed.", said="ok"
    )  # fmt: skip
    assert [one.path for one in endpoint.received[before:]] == ["/redirect"]


async def test_a_message_is_never_repeated_by_itself(messenger: HttpMessenger, endpoint: Receiver) -> None:
    await messenger.post(message(endpoint.url("/ok")))  # whose connection is kept
    cut = await messenger.post(message(endpoint.url("/cut")))
    assert cut == Posted(None, "The endpoint closed the connection without an answer.")
    assert len(endpoint.at("/cut")) == 1


async def test_what_cannot_be_posted_is_said_and_never_raised(messenger: HttpMessenger) -> None:
    for url in ("http://no-such-host.invalid/", "http://127.0.0.1:1/", "http://a..b/", "gopher://x/", "http://[]@"):
        posted = await messenger.post(message(url))
        assert posted.code is None and posted.error is not None
        assert "could not be reached" in posted.error and url not in posted.error


ODD = st.text(st.sampled_from("http:/[]@.%\\#? \t\r\n\0017xaé。\udc80")) | st.text()


@pytest.mark.unhurried
@given(ODD, ODD)
@settings(max_examples=100, deadline=None)
def test_no_url_and_no_header_can_make_a_message_raise(rest: str, header: str) -> None:
    async def post() -> None:
        messenger = HttpMessenger(seconds_max=20)
        try:
            for url in (rest, f"http://{rest}", f"https://127.0.0.1{rest}", f"http://[::1]:{rest}"):
                posted = await messenger.post(message(url, {"X-Odd": header}))
                assert posted.code is None and posted.error
        finally:
            await messenger.close()

    def no_name(*_arguments: object) -> None:
        raise socket.gaierror("no such name")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(socket, "getaddrinfo", no_name)
        patched.setattr(guard, "is_public", lambda _address: False)
        asyncio.run(post())


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/ok", {"X-One": "a\r\nX-Evil: 1"}),
        ("/ok", {"X-One": "a\nX-Evil: 1"}),
        ("/ok", {"X-One\r\nX-Evil": "1"}),
        ("/ok\r\nX-Evil: 1", {}),
        ("/ok HTTP/1.1\r\nX-Evil: 1\r\n\r\n", {}),
    ],
)
async def test_no_url_and_no_header_brings_a_header_along(
    messenger: HttpMessenger, endpoint: Receiver, path: str, headers: Mapping[str, str]
) -> None:
    before = len(endpoint.received)
    await messenger.post(message(endpoint.url(path), headers))
    assert not any("x-evil" in one.headers for one in endpoint.received[before:])
    assert len(endpoint.received) <= before + (not headers)


ANSWERS = {
    b"": None,
    b"secret\r\n\r\n": None,
    b"HTTP/1.1 200 secret\r\nA: " + b"x" * 200_000 + b"\r\n\r\n": None,
    b"HTTP/1.1 200 OK\r\n" + b"A: secret\r\n" * 5_000 + b"\r\n": None,
    b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nsecret": None,
    b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nsecret": None,
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nsecret\r\n": None,
    b"HTTP/1.1 100 Continue\r\n\r\n" * 100: None,
    b"HTTP/1.1 101 Secret\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n": 101,
    b"HTTP/1.1 302 Secret\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n": 302,
    b"HTTP/1.1 503 secret\r\nContent-Length: 6\r\n\r\nsecret": 503,
    b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Max-Age=x; Domain=[\r\nContent-Length: 0\r\n\r\n": 200,
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 6\r\n\r\nsecret": 200,
    b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 10_000_000: 200,
}


@pytest.mark.parametrize("said", ANSWERS, ids=range(len(ANSWERS)))
async def test_whatever_an_endpoint_says_is_an_outcome_that_repeats_nothing_of_it(
    messenger: HttpMessenger, speak: Speak, said: bytes
) -> None:
    posted = await messenger.post(message(await speak(said)))
    assert posted.code == ANSWERS[said]
    assert (posted.error is None) == (posted.code == 200)
    assert "secret" not in (posted.error or "").lower()


async def test_how_an_answer_begins_that_was_no_2xx_is_kept_without_what_only_the_endpoint_may_know(
    messenger: HttpMessenger, speak: Speak
) -> None:
    body = b"Traceback:\n\x00\x1b[31m\xe2\x80\xae X-Tenant: t1-secret \xff" + b"x" * 5_000
    head = f"HTTP/1.1 500 X\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    posted = await messenger.post(message(await speak(head + body), {"X-Tenant": "t1-secret"}))
    assert posted.code == 500 and posted.said is not None
    assert posted.said.startswith("Traceback:\n[31m X-Tenant: … \ufffdx") and len(posted.said) <= 1_024


async def test_an_endless_answer_is_read_a_little_of(messenger: HttpMessenger) -> None:
    written = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * ANSWER_BYTES_MAX)
            await writer.drain()
            written += ANSWER_BYTES_MAX

    async with serving(serve) as port:
        assert await messenger.post(message(f"http://127.0.0.1:{port}/")) == Posted(200)
        await asyncio.sleep(0.1)
    assert written < 20_000_000  # what the system's buffers hold


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"", b""),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n", b"x"),
    ],
)
async def test_the_whole_has_its_time_and_not_each_piece(hasty: HttpMessenger, head: bytes, piece: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head)
        while True:
            writer.write(piece)
            await asyncio.sleep(0.1)

    async with serving(serve) as port:
        began = time.monotonic()
        assert await hasty.post(message(f"http://127.0.0.1:{port}/")) == LATE
        assert time.monotonic() - began < 5


async def test_the_look_up_of_a_name_is_part_of_the_time(hasty: HttpMessenger, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    def wait(*_arguments: object) -> None:
        go_on.wait(20)
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    began = time.monotonic()
    assert await hasty.post(message("http://slow.example/")) == LATE
    assert time.monotonic() - began < 5
    go_on.set()


@pytest.mark.parametrize("said", ["120", "Wed, 21 Oct 2015 07:28:00 GMT", "soon"])
async def test_what_an_endpoint_says_of_trying_again_is_handed_on_as_it_is(
    messenger: HttpMessenger, endpoint: Receiver, said: str
) -> None:
    endpoint.retry_after["/status/503/later"] = said
    posted = await messenger.post(message(endpoint.url("/status/503/later")))
    assert (posted.code, posted.retry_after) == (503, said)
