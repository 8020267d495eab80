"""Requests by people's own keys: charged nothing, recorded whole, and never paid for in a key's place."""

import asyncio
from contextlib import nullcontext
from typing import Any

import pytest
from sqlalchemy import select

from app import db
from app.domain.credentials import credentials
from app.domain.errors import Blocked, LedgerRefused, OwnKeyUnavailable, ProviderFailed
from app.domain.legs.legs import Source
from app.domain.money import NANOS
from app.domain.paywalls.modes import Mode
from app.domain.providers import refusals
from app.domain.safety.log import read_newest
from app.domain.usage.requests import TABLE, read_receipt
from app.domain.wallets.freezes import freeze
from app.domain.wallets.shared import shared_wallet_id
from app.domain.wallets.tables import FreezeReason
from app.flows.callers.asked import Action, Ask
from app.flows.callers.snapshot import Snapshot
from app.flows.chat.call import Run
from app.flows.chat.end import Stop, Wording
from tests.support.books import assert_books_balance, make_snapshot, running_queue
from tests.support.credits import credits_of, open_credits, someone_with_key
from tests.support.crowd import SANDBOX, connect, purse, sign_in, top_up
from tests.support.own_keys import OWN_SECRET, OWN_URL, Apart, allow, own_flows, save_key
from tests.support.scripted import DONE, LAST, USAGE, Scripted, event, request, whole

WORDING = Wording(lambda _: {}, lambda _: Stop("", {}))


def apart(*own: bytes | Exception) -> Apart:
    is_whole = bool(own) and isinstance(own[0], bytes) and own[0].startswith(b"{")
    kind = "application/json" if is_whole else "text/event-stream"
    return Apart(Scripted(whole(usage=USAGE), content_type="application/json"), Scripted(*own, content_type=kind))


def row_of(request_id: str) -> Any:
    with db.transaction(writes=False) as session:
        return session.execute(select(TABLE).where(TABLE.c.id == request_id)).one()


async def shared(*models: str) -> Snapshot:
    """Returns a paywall that one person has connected as u1, with money and an own key for these models."""
    snapshot = make_snapshot(mode=Mode.SHARED)
    ada, _ = await sign_in("ada@example.org")
    top_up(ada, NANOS)
    await connect(snapshot, ada)
    save_key(ada, *models)
    return snapshot


async def test_an_own_key_costs_nothing_and_keeps_all_that_is_known(database: str) -> None:
    await open_credits()
    ada, snapshot = await someone_with_key()
    save_key(ada, "demo-mini")
    before = credits_of(ada)
    ways = apart(whole(usage=USAGE))
    async with running_queue() as queue:
        chat, carrier = own_flows(queue, ways)
        run = await chat.begin(snapshot, ada.account_id, request(), "req_1", None)
        assert isinstance(run, Run) and run.held.amount == 0  # a priced model, although only free ones are open
        await carrier.whole(run, WORDING)
    row = row_of("req_1")
    assert (row.billing_source, row.status, row.hold_nanos, row.charge_nanos) == ("byok", "settled", 0, 0)
    assert (row.tokens, row.provider, row.model, row.price_version) == (30, "openai", "demo-mini", None)
    assert [(target.base_url, target.api_key) for target in ways.targets] == [(OWN_URL, OWN_SECRET)]
    assert len(ways.own.sent) == 1 and ways.platform.sent == []
    assert credits_of(ada) == before
    with db.transaction(writes=False) as session:
        receipt = read_receipt(session, snapshot.paywall_id, "req_1")
    assert receipt.billing_source == "byok" and receipt.charge == "0" and receipt.minimum == "0"
    assert {line.kind: (line.tokens, line.amount) for line in receipt.lines} == {
        "input": (10, "0"),
        "output": (20, "0"),
    }
    assert_books_balance()


async def test_what_is_given_whole_by_somebodys_own_host_is_no_longer_than_a_picture(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads it as slowly as they may keeps all of it in memory for days, at no price."""
    monkeypatch.setattr("app.flows.chat.call.OWN_ANSWER_BYTES_MAX", len(whole(usage=USAGE)))
    await open_credits()
    ada, snapshot = await someone_with_key()
    save_key(ada, "demo-mini")
    ways = apart(whole(usage=USAGE))
    async with running_queue() as queue:
        chat, carrier = own_flows(queue, ways)
        for text, is_told in (("Hi", True), ("Hi!", False)):
            ways.own.answer.pieces = (whole(text, usage=USAGE),)
            run = await chat.begin(snapshot, ada.account_id, request(), f"req_{len(text)}", None)
            assert isinstance(run, Run)
            with nullcontext() if is_told else pytest.raises(ProviderFailed, match="is longer than"):
                await carrier.whole(run, WORDING)
            assert row_of(f"req_{len(text)}").status == ("settled" if is_told else "released")
    assert_books_balance()


async def test_a_stream_by_an_own_key_is_measured_and_free(database: str) -> None:
    snapshot = await shared("demo-mini")
    allow(snapshot)
    ways = apart(event("Hi"), event("", choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}]), LAST, DONE)
    heard: list[bytes] = []

    async def send(piece: bytes) -> None:
        heard.append(piece)

    async with running_queue() as queue:
        chat, carrier = own_flows(queue, ways)
        run = await chat.begin(snapshot, "u1", request(stream=True), "req_1", None)
        assert isinstance(run, Run)
        await carrier.stream(run, send, WORDING)
    row = row_of("req_1")
    assert (row.billing_source, row.charge_nanos, row.tokens, row.status) == ("byok", 0, 30, "settled")
    assert ways.platform.sent == [] and b"Hi" in b"".join(heard)
    assert_books_balance()


async def test_an_app_uses_own_keys_only_where_its_user_allows_it(database: str) -> None:
    snapshot = await shared("demo-mini")
    ways = apart(whole(usage=USAGE))
    async with running_queue() as queue:
        chat, carrier = own_flows(queue, ways)

        async def begin(name: str, source: Source | None = None) -> Run | Ask:
            begun = await chat.begin(snapshot, "u1", request(max_tokens=10), name, None, source=source)
            if isinstance(begun, Run):
                await carrier.whole(begun, WORDING)
            return begun

        await begin("req_1")
        assert row_of("req_1").billing_source == "platform" and ways.own.sent == []
        assert await begin("req_2", Source.OWN) == Ask(Action.OWN_KEY, needs_consent=True)
        allow(snapshot, go_first=False)
        with pytest.raises(LedgerRefused):  # decided before it was allowed; its retry is decided anew
            await begin("req_stale")
        await begin("req_3")
        assert row_of("req_3").billing_source == "platform" and ways.own.sent == []
        await begin("req_4", Source.OWN)
        assert row_of("req_4").billing_source == "byok" and len(ways.own.sent) == 1
        allow(snapshot)
        with pytest.raises(LedgerRefused):
            await begin("req_stale")
        await begin("req_5")
        assert row_of("req_5").billing_source == "byok"
        await begin("req_6", Source.PLATFORM)
        assert row_of("req_6").billing_source == "platform" and len(ways.platform.sent) == 3
    assert_books_balance()


async def test_a_model_that_no_own_key_serves_is_never_paid_for_in_its_place(database: str) -> None:
    snapshot = await shared("another-model")
    allow(snapshot)
    ways = apart(whole(usage=USAGE))
    async with running_queue() as queue:
        chat, _ = own_flows(queue, ways)
        asked = await chat.begin(snapshot, "u1", request(), "req_1", None, source=Source.OWN)
        assert asked == Ask(Action.OWN_KEY)
        assert ways.platform.sent == ways.own.sent == []


@pytest.mark.parametrize("source", [None, Source.OWN])
async def test_a_key_that_cannot_be_opened_is_an_error_and_nobodys_money(database: str, source: Source | None) -> None:
    await open_credits()
    ada, snapshot = await someone_with_key()
    save_key(ada, "demo-mini", sealed_for="https://another.example")
    before = credits_of(ada)
    ways = apart(whole(usage=USAGE))
    async with running_queue() as queue:
        chat, _ = own_flows(queue, ways)
        with pytest.raises(OwnKeyUnavailable, match="cannot be opened"):
            await chat.begin(snapshot, ada.account_id, request(), "req_1", None, source=source)
    row = row_of("req_1")
    assert (row.status, row.billing_source, row.charge_nanos) == ("released", "byok", 0)
    assert row.receipt == {"failure": "own_key_unavailable"}
    assert ways.platform.sent == ways.own.sent == [] and ways.targets == [] and credits_of(ada) == before
    assert_books_balance()


async def test_a_bad_own_key_says_nothing_of_the_paywalls_provider(database: str) -> None:
    snapshot = await shared("demo-mini")
    allow(snapshot)
    bob, _ = await sign_in("bob@example.org")
    top_up(bob, NANOS)
    await connect(snapshot, bob, "u2")
    ways = apart()
    ways.own.refusal = ProviderFailed("No.", 401)
    async with running_queue() as queue:
        chat, carrier = own_flows(queue, ways)
        for number in range(10):
            with pytest.raises(ProviderFailed):
                await chat.begin(snapshot, "u1", request(max_tokens=10), f"req_{number}", None)
        await chat.keeper.drain(10)
        run = await chat.begin(snapshot, "u2", request(max_tokens=10), "req_of_bob", None)
        assert isinstance(run, Run)
        await carrier.whole(run, WORDING)
    with db.transaction(writes=False) as session:
        assert refusals.list_all(session) == []
    assert row_of("req_of_bob").billing_source == "platform" and len(ways.own.sent) == 10
    assert all(row_of(f"req_{number}").charge_nanos == 0 for number in range(10))
    assert_books_balance()


async def test_a_day_has_as_many_requests_by_own_keys_as_the_user_allows(database: str) -> None:
    snapshot = await shared("demo-mini")
    allow(snapshot, per_day=3)
    before = purse(await _ada())
    ways = apart(whole(usage=USAGE))
    async with running_queue() as queue:
        chat, carrier = own_flows(queue, ways)
        begun = await asyncio.gather(
            *(chat.begin(snapshot, "u1", request(max_tokens=10), f"req_{number}", None) for number in range(8))
        )
        runs = [run for run in begun if isinstance(run, Run)]
        assert len(runs) == 3 and [ask for ask in begun if isinstance(ask, Ask)] == [Ask(Action.LIMIT)] * 5
        for run in runs:
            ways.own.answer.begin()  # all of them have the one answer
            await carrier.whole(run, WORDING)
    assert ways.platform.sent == [] and len(ways.own.sent) == 3 and purse(await _ada()) == before
    assert_books_balance()


async def _ada() -> Any:
    return (await sign_in("ada@example.org"))[0]


async def test_a_request_that_is_refused_after_it_was_counted_is_given_back(database: str) -> None:
    snapshot = await shared("demo-mini")
    allow(snapshot, per_day=1)
    ways = apart(whole(usage=USAGE))
    async with running_queue() as queue:
        chat, _ = own_flows(queue, ways)
        await chat.door._standings.find(snapshot, "u1")
        save_key(await _ada(), "demo-mini")  # it is decided on the key before
        with pytest.raises(LedgerRefused):
            await chat.begin(snapshot, "u1", request(max_tokens=10), "req_1", None)
        run = await chat.begin(snapshot, "u1", request(max_tokens=10), "req_2", None)
        assert isinstance(run, Run)
        await chat.release(run)


async def test_whoever_is_blocked_or_frozen_is_so_by_their_own_key_too(database: str) -> None:
    await open_credits()
    ada, snapshot = await someone_with_key()
    save_key(ada, "demo-mini")
    wallet_id = shared_wallet_id(ada.account_id, SANDBOX, snapshot.unit)
    ways = apart(whole(usage=USAGE))
    async with running_queue() as queue:
        chat, _ = own_flows(queue, ways)
        with db.transaction() as session:
            freeze(session, wallet_id, FreezeReason.OPERATOR, "test")
        with pytest.raises(Blocked):
            await chat.begin(snapshot, ada.account_id, request(), "req_1", None)
    assert ways.own.sent == []


async def test_a_key_that_is_removed_is_used_by_no_later_request(database: str) -> None:
    snapshot = await shared("demo-mini")
    allow(snapshot)
    ways = apart(whole(usage=USAGE))
    async with running_queue() as queue:
        chat, carrier = own_flows(queue, ways)
        run = await chat.begin(snapshot, "u1", request(max_tokens=10), "req_1", None)
        assert isinstance(run, Run)
        await carrier.whole(run, WORDING)
        account = (await _ada()).account_id
        with db.transaction() as session:
            credentials.remove(session, account, credentials.find_by_name(session, account, "openai"))
        with pytest.raises(LedgerRefused):
            await chat.begin(snapshot, "u1", request(max_tokens=10), "req_2", None, source=Source.OWN)
        asked = await chat.begin(snapshot, "u1", request(max_tokens=10), "req_3", None, source=Source.OWN)
        assert asked == Ask(Action.OWN_KEY)
    assert len(ways.own.sent) == 1 and ways.platform.sent == []


async def test_what_stopped_an_answer_is_kept_with_its_settlement_in_codes_alone(database: str) -> None:
    snapshot = await shared("demo-mini")
    allow(snapshot)
    secret = "never in the log"
    filtered = {"index": 0, "message": {"role": "assistant", "content": secret}, "finish_reason": "content_filter"}
    ways = apart(whole(usage=USAGE, choices=[filtered]))
    async with running_queue() as queue:
        chat, carrier = own_flows(queue, ways)
        run = await chat.begin(snapshot, "u1", request(max_tokens=10), "req_1", None)
        assert isinstance(run, Run)
        await carrier.whole(run, WORDING)
        ways.own.refusal = ProviderFailed("No.", 403, body={"message": secret, "code": secret})
        with pytest.raises(ProviderFailed):
            await chat.begin(snapshot, "u1", request(max_tokens=10), "req_2", None)
        asked = await chat.begin(snapshot, "u2", request(), "req_3", None)
        assert asked == Ask(Action.AUTHORIZE)
        await chat.keeper.drain(10)
    wallet_id = row_of("req_1").wallet_id
    with db.transaction(writes=False) as session:
        found = read_newest(session, [wallet_id], 10)
    assert [(one.request_id, one.kind.value, one.code) for one in reversed(found)] == [
        ("req_1", "content_filter", "content_filter"), ("req_2", "provider_refusal", "status_403"),
    ]  # fmt: skip
    assert secret not in repr(found)
    assert_books_balance()
