"""What was allowed is known in memory; what was revoked is refused by the next hold of any process."""

import asyncio

import pytest

from app import db
from app.domain import clock
from app.domain.authorizations.authorizations import revoke_by_app
from app.domain.authorizations.caps import budget_id, month_of
from app.domain.errors import Blocked, StaleDecision
from app.domain.ledger.apply import apply
from app.domain.money import NANOS
from app.domain.paywalls.modes import Mode
from app.domain.wallets.freezes import freeze
from app.domain.wallets.shared import shared_wallet_id
from app.domain.wallets.tables import FreezeReason
from app.flows.callers.asked import Ask
from app.flows.callers.snapshot import Snapshot
from app.flows.callers.standing import Standings, standing_of
from app.flows.callers.user import Standing
from app.flows.chat.call import Run
from app.flows.chat.end import Stop, Wording
from tests.support.books import assert_books_balance, make_snapshot, running_queue
from tests.support.crowd import SANDBOX, connect, purse, sign_in, top_up
from tests.support.limited import each_user, limited_snapshot
from tests.support.scripted import DONE, Scripted, event, flows, request

pytestmark = pytest.mark.plain_sql


def revoke(snapshot: Snapshot) -> None:
    with db.transaction() as session:
        assert revoke_by_app(session, snapshot.paywall_id, "u1")


async def test_in_default_mode_the_snapshot_says_it_all(database: str) -> None:
    snapshot = make_snapshot()
    assert await Standings().find(snapshot, "ada") == standing_of(snapshot, "ada")
    assert standing_of(snapshot, "ada").payer == snapshot.wallet("ada")
    with pytest.raises(Blocked):
        _ = Standing().payer


async def test_a_user_is_authorized_from_one_moment_to_the_next(database: str) -> None:
    snapshot, standings = make_snapshot(mode=Mode.SHARED), Standings()
    assert not (await standings.find(snapshot, "u1")).is_authorized
    ada, _ = await sign_in("ada@example.org")
    await connect(snapshot, ada)
    found = await standings.find(snapshot, "u1")
    assert found.is_authorized and found.account_id == ada.account_id and len(found.epochs) == 2
    assert found.budgets == (budget_id(ada.account_id, snapshot.paywall_id, month_of(clock.now())),)
    assert await standings.find(snapshot, "u1") is found
    assert not (await standings.find(snapshot, "u2")).is_authorized


async def test_a_hold_on_what_was_revoked_is_refused_and_decided_anew(database: str) -> None:
    snapshot = make_snapshot(mode=Mode.SHARED)
    ada, _ = await sign_in("ada@example.org")
    top_up(ada, NANOS)
    await connect(snapshot, ada)
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        run = await chat.begin(snapshot, "u1", request(max_tokens=10), "req_1", None)
        assert isinstance(run, Run)
        revoke(snapshot)
        with pytest.raises(StaleDecision):
            await chat.begin(snapshot, "u1", request(max_tokens=10), "req_2", None)
        asked = await chat.begin(snapshot, "u1", request(max_tokens=10), "req_3", None)
        assert isinstance(asked, Ask) and asked.action == "authorize"
        await chat.release(run)  # what was granted before ends as it would have
    assert purse(ada).held_nanos == 0
    assert_books_balance()


async def test_a_frozen_wallet_is_refused_in_every_app(database: str) -> None:
    snapshot = make_snapshot(mode=Mode.SHARED)
    ada, _ = await sign_in("ada@example.org")
    await connect(snapshot, ada)
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        run = await chat.begin(snapshot, "u1", request(max_tokens=10), "req_1", None)
        assert isinstance(run, Run)
        await chat.release(run)
        with db.transaction() as session:
            wallet_id = shared_wallet_id(ada.account_id, SANDBOX)
            apply(session, freeze(session, wallet_id, FreezeReason.OPERATOR))
        with pytest.raises(StaleDecision):
            await chat.begin(snapshot, "u1", request(max_tokens=10), "req_2", None)
        with pytest.raises(Blocked) as blocked:
            await chat.begin(snapshot, "u1", request(max_tokens=10), "req_3", None)
    assert blocked.value.code == "wallet_frozen"


@pytest.mark.races
@pytest.mark.unhurried
async def test_a_new_month_opens_its_budget_before_the_first_hold(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = make_snapshot(mode=Mode.SHARED)
    ada, _ = await sign_in("ada@example.org")
    await connect(snapshot, ada)
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        first = await chat.begin(snapshot, "u1", request(max_tokens=10), "req_1", None)
        now = clock.now() + 32 * 24 * 3600 * clock.SECOND
        monkeypatch.setattr(clock, "now", lambda: now)
        runs = await asyncio.gather(*(
            chat.begin(snapshot, "u1", request(max_tokens=10), f"req_{number}", None) for number in range(2, 8)
        ))  # fmt: skip
        for run in (first, *runs):
            assert isinstance(run, Run)
            await chat.release(run)
    assert first.held.standing.budgets != runs[0].held.standing.budgets  # type: ignore[union-attr]
    assert_books_balance()


@pytest.mark.unhurried
async def test_the_cap_asks_for_a_higher_one_and_the_wallet_for_money(database: str) -> None:
    snapshot = make_snapshot(mode=Mode.SHARED)
    ada, _ = await sign_in("ada@example.org")
    top_up(ada, NANOS)
    await connect(snapshot, ada, cap_nanos=10)
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        capped = await chat.begin(snapshot, "u1", request(max_tokens=1_000), "req_1", None)
        await connect(snapshot, ada, cap_nanos=100 * NANOS)
        poor = await chat.begin(snapshot, "u1", request(content="x y " * 500_000), "req_2", None)
    assert isinstance(capped, Ask) and capped.action == "limit"
    assert isinstance(poor, Ask) and poor.action == "topup" and poor.balance_nanos <= purse(ada).available_nanos


@pytest.mark.unhurried
async def test_the_users_own_cap_counts_beside_the_developers_limits(database: str) -> None:
    snapshot, _ = limited_snapshot(each_user(requests_per_minute=9), Mode.SHARED)
    ada, _ = await sign_in("ada@example.org")
    top_up(ada, NANOS)
    await connect(snapshot, ada, cap_nanos=10)
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        capped = await chat.begin(snapshot, "u1", request(max_tokens=1_000), "req_1", None)
    assert isinstance(capped, Ask) and capped.action == "limit"
    assert_books_balance()


@pytest.mark.plain_sql
@pytest.mark.unhurried
@pytest.mark.parametrize(("cap", "action"), [(4_000_000, "limit"), (100 * NANOS, "topup")])
async def test_a_stream_that_must_stop_asks_for_what_stopped_it(database: str, cap: int, action: str) -> None:
    snapshot = make_snapshot(mode=Mode.SHARED)
    ada, _ = await sign_in("ada@example.org")
    await connect(snapshot, ada, cap_nanos=cap)
    words = [event(f"word{number} ") for number in range(40_000 if action == "limit" else 120_000)]
    sent = bytearray()

    async def send(data: bytes) -> None:
        sent.extend(data)

    wording = Wording(lambda settled: {}, lambda asked: Stop(f"Asked to {asked}.", {"action": asked, "url": "/x"}))
    async with running_queue() as queue:
        chat, carrier = flows(queue, Scripted(*words, DONE))
        run = await chat.begin(snapshot, "u1", request(stream=True, max_tokens=200_000), "req_1", None)
        assert isinstance(run, Run)
        await send(await carrier.stream(run, send, wording))
    assert f"Asked to {action}.".encode() in sent[-2_000:] and b'"finish_reason":"length"' in sent[-2_000:]
    assert purse(ada).held_nanos == 0
    assert_books_balance()
