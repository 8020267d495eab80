"""The wall around Stripe's SDK: its errors in our words, its calls in step, and no key anywhere."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from stripe import WebhookSignature

from app.adapters.payments import stripe_client
from app.adapters.payments.stripe_client import API_VERSION, Pace, StripeAccount, StripeClients, verify
from app.domain import clock
from app.domain.errors import CoinslotError, NotFound, Unavailable
from app.ports.rail_errors import CallRefused, CardDeclined, Decline, KeyRefused, ObjectMissing

KEY = "rk_test_verysecret"
REFUND = {"id": "re_1", "object": "refund", "status": "succeeded"}


class Speaker:
    """Stands for Stripe: says what it was told to, in turn, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any]] = []
        self.asked: list[web.Request] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        status, body = self.answers.pop(0) if self.answers else (200, REFUND)
        if status == 0:
            assert request.transport is not None
            request.transport.close()
        return web.Response(status=status or 500, text=json.dumps(body), content_type="application/json")


@pytest.fixture
async def speaker() -> AsyncIterator[Speaker]:
    made = Speaker()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.fixture
async def account(speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StripeAccount]:
    monkeypatch.setattr(stripe_client, "BUSY_PAUSES_SECONDS", (0.01, 0.01, 0.01))
    monkeypatch.setattr("stripe.HTTPClient.INITIAL_DELAY", 0.01)
    clients = StripeClients(speaker.url)
    yield clients.reach(KEY, "acct_1")
    await clients.close()


async def give_back(account: StripeAccount) -> str | None:
    refund = await account.call(
        lambda client: client.v1.refunds.create_async({"payment_intent": "pi_1"}, {"idempotency_key": "rfd_1"})
    )
    return refund.status


def error(kind: str, **said: Any) -> dict[str, Any]:
    return {"error": {"type": kind, "message": f"No way, {KEY}.", **said}}


def invalid(**said: Any) -> dict[str, Any]:
    return error("invalid_request_error", **said)


STOLEN = Decline("card_declined", "stolen_card", "do_not_try_again", "pi_9", "pm_9")
DECLINED = error("card_error", code="card_declined", decline_code="stolen_card", advice_code="do_not_try_again",
                 payment_intent={"id": "pi_9", "object": "payment_intent"},
                 payment_method={"id": "pm_9", "object": "payment_method"})  # fmt: skip
FORBIDDEN = {"error": {"type": "invalid_request_error", "message": f"The provided key '{KEY}' does not have access."
                       " Having the 'rak_charge_read' permission would allow this request to continue."}}  # fmt: skip


async def test_a_call_says_the_version_the_key_and_the_idempotency_key(
    account: StripeAccount, speaker: Speaker
) -> None:
    assert await give_back(account) == "succeeded"
    headers = speaker.asked[0].headers
    assert (headers["Stripe-Version"], headers["Idempotency-Key"]) == (API_VERSION, "rfd_1")
    assert headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("status", "body", "expected", "said"),
    [
        (402, DECLINED, CardDeclined, {"decline": STOLEN}),
        (402, error("card_error", code="expired_card"), CardDeclined, {"decline": Decline("expired_card")}),
        (401, invalid(), KeyRefused, {"permission": None}),
        (403, FORBIDDEN, KeyRefused, {"permission": "rak_charge_read"}),
        (403, invalid(), KeyRefused, {"permission": ""}),
        (404, invalid(code="resource_missing", param="intent"), ObjectMissing, {"param": "intent"}),
        (400, invalid(code="resource_missing", param="customer"), NotFound, {"param": "customer"}),
        (404, invalid(), NotFound, {"param": None}),
        (400, invalid(code="parameter_unknown", param="x"), CallRefused, {"reason": "parameter_unknown", "param": "x"}),
        (400, error("idempotency_error"), CallRefused, {"reason": "idempotency_error"}),
        (409, invalid(code="idempotency_key_in_use"), Unavailable, {}),
        (500, error("api_error"), Unavailable, {}),
        (502, "a proxy's page", Unavailable, {}),
        (0, None, Unavailable, {}),
        (429, invalid(code="rate_limit"), Unavailable, {}),
    ],
)  # fmt: skip
async def test_each_error_comes_out_as_one_of_ours_and_names_no_key(
    account: StripeAccount,
    speaker: Speaker,
    status: int,
    body: Any,
    expected: type[CoinslotError],
    said: dict[str, Any],
) -> None:
    speaker.answers = [(status, body)] * 5
    with pytest.raises(expected) as raised:
        await give_back(account)
    assert {name: getattr(raised.value, name) for name in said} == said
    told = [raised.value.message, repr(raised.value), repr(raised.value.args), repr(account), str(vars(raised.value))]
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None or raised.value.__suppress_context__
    assert not [text for text in told if KEY in text]


@pytest.mark.parametrize("status", [0, 500, 503, 409])
async def test_a_broken_answer_is_asked_for_once_more_under_the_same_key(
    account: StripeAccount, speaker: Speaker, status: int
) -> None:
    speaker.answers = [(status, error("api_error"))]
    assert await give_back(account) == "succeeded"
    assert [asked.headers["Idempotency-Key"] for asked in speaker.asked] == ["rfd_1", "rfd_1"]


async def test_too_many_is_waited_out(account: StripeAccount, speaker: Speaker) -> None:
    speaker.answers = [(429, invalid(code="rate_limit"))] * 3
    assert await give_back(account) == "succeeded"
    assert len(speaker.asked) == 4


class Clock:
    """Time that passes only where somebody waits."""

    def __init__(self) -> None:
        self.at = 100.0
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(round(seconds, 6))


@pytest.mark.parametrize(("processes", "apart"), [(1, 0.05), (4, 0.2), (0, 0.05)])
async def test_calls_to_one_account_are_spaced_over_all_processes(
    monkeypatch: pytest.MonkeyPatch, processes: int, apart: float
) -> None:
    now = Clock()
    monkeypatch.setattr(clock, "monotonic_seconds", lambda: now.at)
    monkeypatch.setattr(asyncio, "sleep", now.sleep)
    pace = Pace(lambda: processes)
    for _ in range(4):
        await pace.turn()
    assert now.waits == [pytest.approx(apart * turn) for turn in (1, 2, 3)]
    now.at += 1_000
    await pace.turn()
    pace.rest(5)
    await pace.turn()
    assert now.waits[3:] == [5]


async def test_keys_of_one_account_keep_one_pace_and_each_loop_has_its_own_client(speaker: Speaker) -> None:
    clients = StripeClients(speaker.url)
    first, rotated, other = (clients.reach(*whom) for whom in (("k1", "a"), ("k2", "a"), ("k1", "b")))
    assert first._pace is rotated._pace is not other._pace
    assert first._client is other._client is not rotated._client
    assert await give_back(first) == "succeeded"
    await clients.close()

    async def elsewhere() -> str | None:
        try:
            return await give_back(clients.reach("k1", "a"))
        finally:
            await clients.close()

    assert await asyncio.to_thread(asyncio.run, elsewhere()) == "succeeded"
    assert clients.reach("k1", "a")._client is not first._client
    await clients.close()


async def test_no_more_clients_are_kept_than_are_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe_client, "CLIENTS_MAX", 2)
    clients = StripeClients()
    kept = clients.reach("k1", "a")._client
    for key in ("k2", "k1", "k3"):
        clients.reach(key, "a")
    assert clients.reach("k1", "a")._client is kept
    await clients.close()


def test_a_signature_is_of_the_very_bytes_and_of_now() -> None:
    secret, body, now = "whsec_1", b'{"id": "evt_1"}', clock.now() // clock.SECOND
    signed = WebhookSignature.generate_signature_header(body.decode(), secret, now)
    assert verify(body, signed, secret, 300)
    for other, header, key in (
        (b"{}", signed, secret), (body, signed, "whsec_2"), (body, "", secret), (body, "t=x", secret),
        (b"\xff", signed, secret), (body, signed, ""),
    ):  # fmt: skip
        assert not verify(other, header, key, 300)
    old = WebhookSignature.generate_signature_header(body.decode(), secret, now - 301)
    assert not verify(body, old, secret, 300)
