"""Signed messages to real endpoints, and to none that are private."""

from collections.abc import Iterator

import pytest

from app.adapters.messenger_http import HttpMessenger
from app.domain import clock
from app.domain.key_text import make_signing_secret
from app.flows.ports import Message
from tests.emulators.receiver import Receiver, receiving

SECRETS = [make_signing_secret(), make_signing_secret()]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


def message(url: str) -> Message:
    return Message("evt_1", url, b'{"a": "\xc3\xbc"}', SECRETS, {"X-Tenant": "t1"}, clock.now() // clock.SECOND)


async def test_a_message_is_verified_with_each_secret(endpoint: Receiver) -> None:
    messenger = HttpMessenger(seconds_max=20, allow_private=True)
    assert await messenger.post(message(endpoint.url())) == (200, None)
    await messenger.close()
    one = endpoint.at("/ok")[-1]
    assert [one.verify(secret) for secret in SECRETS] == [{"a": "ü"}] * 2
    assert (one.headers["x-tenant"], one.headers["content-type"]) == ("t1", "application/json")
    assert "cookie" not in one.headers and "authorization" not in one.headers


@pytest.mark.parametrize("url", ["http://127.0.0.1:{}/ok", "http://localhost:{}/ok", "http://[::1]:{}/ok"])
async def test_private_addresses_are_refused_unless_allowed(endpoint: Receiver, url: str) -> None:
    before = len(endpoint.received)
    guarded, open_ = HttpMessenger(seconds_max=20), HttpMessenger(seconds_max=20, allow_private=True)
    address = url.format(endpoint.port)
    posted = await guarded.post(message(address))
    assert posted == (None, "The endpoint has a private address, which is not allowed here.")
    assert len(endpoint.received) == before
    assert guarded.is_refused(address) and not open_.is_refused(address)
    await guarded.close()


def test_what_is_public_or_a_name_is_not_refused_outright() -> None:
    guarded = HttpMessenger(seconds_max=1)
    assert not guarded.is_refused("https://1.1.1.1/") and not guarded.is_refused("https://app.example/")
    assert guarded.is_refused("https://[::ffff:10.0.0.1]/") and guarded.is_refused("https://169.254.169.254/")


async def test_what_cannot_be_posted_is_said_and_never_raised() -> None:
    messenger = HttpMessenger(seconds_max=20, allow_private=True)
    for url in ("http://no-such-host.invalid/", "http://127.0.0.1:1/", "http://a..b/", "gopher://x/"):
        code, error = await messenger.post(message(url))
        assert code is None and error is not None and "could not be reached" in error and url not in error
    await messenger.close()
