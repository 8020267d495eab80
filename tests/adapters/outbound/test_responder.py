"""Developers' endpoints over HTTP: signed, bounded in time and size, followed nowhere."""

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Iterator, Mapping

import pytest
from standardwebhooks import Webhook

from app.adapters.outbound.responder import RUNNING_MAX, HttpResponder
from app.domain.errors import ProviderFailed
from app.domain.key_text import make_signing_secret
from tests.emulators import responder as emulator
from tests.emulators.responder import ANSWERS, HANGING, RunningResponder
from tests.support.endpoints import PUBLIC, Speak

SECRET = make_signing_secret()
CONTENT = {"event": "topup", "user": "ada", "url": "https://pay.example/x", "name": "Lexica “2”"}
JUDGED_BY_THE_FLOW = ("empty", "half", "bell", "long")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[RunningResponder]:
    with emulator.running() as started:
        yield started


@pytest.fixture
async def responder() -> AsyncIterator[HttpResponder]:
    """Waits for longer than a busy machine is away."""
    made = HttpResponder(lambda: int(time.time()), allow_private=True, seconds_max=30)
    yield made
    await made.close()


@pytest.fixture
async def hasty() -> AsyncIterator[HttpResponder]:
    """Waits for a moment only, for endpoints that never come to an end."""
    made = HttpResponder(lambda: int(time.time()), allow_private=True, seconds_max=0.4)
    yield made
    await made.close()


async def test_an_endpoint_can_verify_what_it_is_sent(responder: HttpResponder, endpoint: RunningResponder) -> None:
    text = await responder.write(endpoint.url("ok"), SECRET, "msg_1", CONTENT)
    assert text == "Ein Moment, ada: https://pay.example/x"
    received = endpoint.received[-1]
    assert Webhook(SECRET).verify(received.body, received.headers) == CONTENT
    assert (received.path, received.headers["webhook-id"]) == ("/ok?of=lexica", "msg_1")
    assert received.headers["content-type"] == "application/json"
    assert SECRET not in str(received) and "cookie" not in received.headers


async def test_plain_text_is_a_message_too(responder: HttpResponder, endpoint: RunningResponder) -> None:
    assert await responder.write(endpoint.url("plain"), SECRET, "msg_1", CONTENT) == "Gleich geht’s weiter"


@pytest.mark.parametrize("behaviour", [*(name for name in emulator.WRONG if name not in JUDGED_BY_THE_FLOW), "cut"])
async def test_what_is_no_text_is_a_failure(
    responder: HttpResponder, endpoint: RunningResponder, behaviour: str
) -> None:
    with pytest.raises(ProviderFailed) as raised:
        await responder.write(endpoint.url(behaviour), SECRET, "msg_1", CONTENT)
    status = ANSWERS[behaviour][0] if behaviour in ANSWERS else 200
    assert raised.value.status == (status if status != 200 else None)
    assert not raised.value.timed_out


@pytest.mark.unhurried
@pytest.mark.parametrize("behaviour", [name for name in HANGING if name != "endless"])
async def test_what_takes_too_long_in_all_is_a_timeout(
    hasty: HttpResponder, endpoint: RunningResponder, behaviour: str
) -> None:
    began = time.monotonic()
    with pytest.raises(ProviderFailed) as raised:
        await hasty.write(endpoint.url(behaviour), SECRET, "msg_1", CONTENT)
    assert raised.value.timed_out
    assert time.monotonic() - began < 20


async def test_an_endless_answer_is_not_read_to_its_end(responder: HttpResponder, endpoint: RunningResponder) -> None:
    with pytest.raises(ProviderFailed, match="longer than 16384 bytes"):
        await responder.write(endpoint.url("endless"), SECRET, "msg_1", CONTENT)


async def test_a_redirect_is_followed_nowhere(responder: HttpResponder, endpoint: RunningResponder) -> None:
    endpoint.received.clear()
    with pytest.raises(ProviderFailed) as raised:
        await responder.write(endpoint.url("redirect"), SECRET, "msg_1", CONTENT)
    assert raised.value.status == 307
    assert [received.path for received in endpoint.received] == ["/redirect?of=lexica"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f000001"])
async def test_a_private_address_is_never_reached(endpoint: RunningResponder, host: str) -> None:
    endpoint.received.clear()
    guarded = HttpResponder(lambda: int(time.time()), allow_private=False)
    try:
        with pytest.raises(ProviderFailed, match="private address"):
            await guarded.write(f"http://{host}:{endpoint.port}/ok", SECRET, "msg_1", CONTENT)
    finally:
        await guarded.close()
    assert endpoint.received == []


async def test_a_name_that_changes_its_mind_leads_to_nothing_private(
    turncoat: str, public_and_private: Mapping[str, int]
) -> None:
    guarded = HttpResponder(lambda: int(time.time()), allow_private=False)
    for _ in range(2):
        assert await guarded.write(turncoat, SECRET, "msg_1", CONTENT) == "ok"
        with pytest.raises(ProviderFailed, match="private address"):
            await guarded.write(turncoat, SECRET, "msg_1", CONTENT)
    await guarded.close()
    assert (public_and_private[PUBLIC], public_and_private["127.0.0.1"]) == (2, 0)


async def test_a_compressed_answer_is_not_inflated(responder: HttpResponder, speak: Speak) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n\r\n"
    url = await speak(head + gzip.compress(b'{"message": "no"}'))
    with pytest.raises(ProviderFailed, match="neither JSON nor plain text"):
        await responder.write(url, SECRET, "msg_1", CONTENT)


@pytest.mark.parametrize(
    "url",
    [
        "http://no-such-host.invalid/",
        "http://127.0.0.1:1/",
        "http://[::1",
        "http://[]@",
        "ftp://x/",
        "x",
        "http://2130706433/",
    ],
)
async def test_what_cannot_be_reached_is_a_failure(responder: HttpResponder, url: str) -> None:
    with pytest.raises(ProviderFailed) as raised:
        await responder.write(url, SECRET, "msg_1", CONTENT)
    assert url not in raised.value.message and not raised.value.timed_out


async def test_one_endpoint_that_hangs_collects_a_few_and_keeps_nobody_else_waiting(
    endpoint: RunningResponder,
) -> None:
    responder = HttpResponder(lambda: int(time.time()), allow_private=True, seconds_max=60)
    hanging = [
        asyncio.create_task(responder.write(endpoint.url("late"), SECRET, f"msg_{number}", CONTENT))
        for number in range(RUNNING_MAX)
    ]
    await asyncio.sleep(0)
    with pytest.raises(ProviderFailed, match="already"):
        await responder.write(endpoint.url("late"), SECRET, "msg_x", CONTENT)
    assert await responder.write(endpoint.url("ok"), SECRET, "msg_y", CONTENT)
    assert not any(task.done() for task in hanging)
    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)
    assert await responder.write(endpoint.url("plain"), SECRET, "msg_z", CONTENT)
    again = asyncio.create_task(responder.write(endpoint.url("late"), SECRET, "msg_z", CONTENT))
    await asyncio.sleep(0.05)
    assert not again.done()  # there is room again
    again.cancel()
    await responder.close()
