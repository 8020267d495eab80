"""Links that were sent and what was refused are told of behind the answer, at most once a minute."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from app import db
from app.domain import clock
from app.domain.errors import Blocked, LimitReached, Unavailable
from app.domain.events import outbox
from app.domain.events.made import Made
from app.domain.money import NANOS
from app.domain.paywalls.limits import Measure
from app.flows.callers.asked import Action, Ask
from app.flows.chat import told as teller_module
from app.flows.chat.told import Teller
from app.flows.limits.limiter import Rate, RateReached
from app.keeper import Keeper
from tests.support.books import give, make_snapshot
from tests.support.webhooks import listening, subscribe, told, types_told

pytestmark = pytest.mark.plain_sql

URL = "https://pay.example/topup/x/"


@pytest.mark.usefixtures("database")
async def test_a_link_instead_of_an_answer_is_told_once_a_minute_for_each_user(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    snapshot, teller = await listening(make_snapshot()), Teller(Keeper())
    ask = Ask(Action.TOPUP, 3 * NANOS, NANOS)
    for user in ("ada", "ada", "ada", "bob"):
        teller.asked(snapshot, user, ask, URL, "req_1", "demo-mini")
    await teller.drain()
    found = await told(snapshot)
    assert [type_ for type_, _ in found] == [
        "paywall.balance.depleted", "paywall.balance.depleted", "paywall.balance.topup.link.created",
        "paywall.balance.topup.link.created", "paywall.request.blocked", "paywall.request.blocked",
    ]  # fmt: skip
    data = {type_: data for type_, data in found if data["externalUserId"] == "ada"}
    assert data["paywall.balance.topup.link.created"]["redirectUrl"] == URL
    depleted = data["paywall.balance.depleted"]
    assert (depleted["requestedAmount"], depleted["availableBalance"], depleted["currency"]) == ("4", "1", "USD")
    assert data["paywall.request.blocked"]["reason"] == "insufficient_funds"
    later = clock.now() + 61 * clock.SECOND
    monkeypatch.setattr(clock, "now", lambda: later)
    teller.asked(snapshot, "ada", ask, URL, "req_2", "demo-mini")
    await teller.drain()
    assert len(await told(snapshot)) == 9


@pytest.mark.usefixtures("database")
async def test_of_two_processes_one_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot, at = await listening(make_snapshot()), clock.now()
    monkeypatch.setattr(clock, "now", lambda: at)
    for teller in (Teller(Keeper()), Teller(Keeper())):
        teller.link_sent(snapshot, "ada", Action.AUTHORIZE, URL, "req_1")
        await teller.drain()
    ((type_, data),) = await told(snapshot)
    assert (type_, data["approvalUrl"], data["mode"]) == ("paywall.authorization.requested", URL, "sandbox")


@pytest.mark.usefixtures("database")
async def test_a_refusal_says_which_rule_it_was() -> None:
    snapshot, teller = await listening(make_snapshot()), Teller(Keeper())
    teller.refused(snapshot, "ada", Blocked("No.", "wallet_frozen"), "demo-mini", "req_1")
    teller.refused(snapshot, "ada", LimitReached("Too many.", "requests_per_minute", 7), "demo-mini", "req_2")
    await teller.drain()
    found = await told(snapshot)
    reasons = {data["reason"] for type_, data in found if type_ == "paywall.proxy.request.blocked"}
    assert reasons == {"wallet_frozen", "requests_per_minute"}
    (limited,) = [data for type_, data in found if type_ == "paywall.usage.rate.limited"]
    assert (limited["code"], limited["retryAfterSeconds"]) == ("requests_per_minute", 7)
    assert sorted(await types_told(snapshot)) == ["proxy.request.blocked"] * 2 + ["usage.rate.limited"]


@pytest.mark.usefixtures("database")
async def test_every_refused_charge_is_told_with_what_could_be_spent() -> None:
    snapshot, teller = await listening(make_snapshot()), Teller(Keeper())
    await give(snapshot, "ada", 2 * NANOS)
    for request_id in ("req_1", "req_2"):
        teller.charge_refused(snapshot, "ada", request_id, 5 * NANOS, "insufficient_funds")
    await teller.drain()
    found = await told(snapshot)
    failed = [data for type_, data in found if type_ == "paywall.balance.charge.failed"]
    assert [(data["amount"], data["errorCode"]) for data in failed] == [("5", "insufficient_funds")] * 2
    depleted = [data for type_, data in found if type_ == "paywall.balance.depleted"]
    assert [(data["requestedAmount"], data["availableBalance"]) for data in depleted] == [("5", "2")] * 2


@pytest.mark.usefixtures("database")
async def test_where_nobody_listens_nothing_is_begun() -> None:
    snapshot, keeper = make_snapshot(), Keeper()
    teller = Teller(keeper)
    teller.asked(snapshot, "ada", Ask(Action.TOPUP), URL, "req_1", "demo-mini")
    teller.link_sent(snapshot, "ada", Action.TOPUP, URL, "req_1")
    teller.refused(snapshot, "ada", Blocked("No."), "demo-mini", "req_1")
    teller.charge_refused(snapshot, "ada", "req_1", NANOS, "insufficient_funds")
    assert not keeper.running and not teller._told


@pytest.mark.usefixtures("database")
async def test_each_paywall_and_action_is_told_of_by_itself() -> None:
    one, other, teller = await listening(make_snapshot()), await listening(make_snapshot()), Teller(Keeper())
    for snapshot in (one, other):
        for action in (Action.TOPUP, Action.AUTHORIZE, Action.TOPUP):
            teller.asked(snapshot, "ada", Ask(action), URL, "req_1", "demo-mini")
    await teller.drain()
    for snapshot in (one, other):
        found = await told(snapshot)
        reasons = [data["reason"] for type_, data in found if type_ == "paywall.request.blocked"]
        assert sorted(reasons) == ["authorization_required", "insufficient_funds"]
        assert [type_ for type_, _ in found].count("paywall.balance.depleted") == 1


@pytest.mark.usefixtures("database")
async def test_a_limit_of_rates_tells_the_one_that_is_reached() -> None:
    snapshot, teller = await listening(make_snapshot()), Teller(Keeper())
    rates = (Rate(Measure.REQUESTS, 9, 5, 60), Rate(Measure.TOKENS, 1_000, 0, 60))
    teller.refused(snapshot, "ada", RateReached("Too many.", "tokens_per_minute", 7, rates), "demo-mini", "req_1")
    await teller.drain()
    assert dict(await told(snapshot))["paywall.usage.rate.limited"]["limit"] == 1_000


@pytest.mark.usefixtures("database")
async def test_a_charge_that_is_refused_for_another_reason_depletes_nothing() -> None:
    snapshot, teller = await listening(make_snapshot()), Teller(Keeper())
    teller.charge_refused(snapshot, "ada", "req_1", NANOS, "spend_per_day")
    await teller.drain()
    assert await types_told(snapshot) == ["balance.charge.failed"]


@pytest.mark.usefixtures("database")
async def test_what_cannot_be_told_because_the_database_is_away_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot, teller = await listening(make_snapshot()), Teller(Keeper())

    async def is_away(*_: object, **__: object) -> None:
        raise Unavailable("Away.")

    monkeypatch.setattr(db, "in_transaction", is_away)
    with capture_logs() as logs:
        teller.link_sent(snapshot, "ada", Action.TOPUP, URL, "req_1")
        teller.charge_refused(snapshot, "ada", "req_1", NANOS, "insufficient_funds")
        await teller.drain()
    assert [line["step"] for line in logs if line["event"] == "teller"] == ["lost", "lost"]


@pytest.mark.usefixtures("database")
async def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teller_module, "REMEMBERED_MAX", 3)
    snapshot, teller = await listening(make_snapshot()), Teller(Keeper())
    for number in range(9):
        teller.link_sent(snapshot, f"u{number}", Action.TOPUP, URL, "req_1")
        assert len(teller._told) <= 3
    await teller.drain()
    assert len(await told(snapshot)) == 9


@pytest.mark.usefixtures("database")
async def test_what_happens_before_a_new_subscription_is_known_of_is_told_all_the_same() -> None:
    """The snapshot is as old as the watch lets it be: it was read before anybody listened."""
    snapshot, teller = make_snapshot(), Teller(Keeper())
    await give(snapshot, "dee", NANOS)
    await subscribe(snapshot, "https://app.example/hooks")
    for user in ("ada", "ada", "bob"):
        teller.asked(snapshot, user, Ask(Action.TOPUP), URL, "req_1", "demo-mini")
    teller.link_sent(snapshot, "cyd", Action.TOPUP, URL, "req_2")
    teller.refused(snapshot, "cyd", Blocked("No."), "demo-mini", "req_3")
    teller.charge_refused(snapshot, "dee", "req_4", 5 * NANOS, "insufficient_funds")
    teller.charge_refused(snapshot, "dee", "req_5", 5 * NANOS, "insufficient_funds")
    await teller.drain()
    assert Counter(await types_told(snapshot)) == {
        "balance.depleted": 4, "balance.topup.link.created": 3, "request.blocked": 2, "proxy.request.blocked": 1,
        "balance.charge.failed": 2,
    }  # fmt: skip
    teller.link_sent(snapshot, "cyd", Action.TOPUP, URL, "req_6")
    await teller.drain()
    assert (await types_told(snapshot)).count("balance.topup.link.created") == 3, "once a minute, as ever"


@pytest.mark.usefixtures("database")
async def test_what_nobody_listened_to_is_told_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teller_module, "LOOK_SECONDS", 0.01)
    snapshot, teller = make_snapshot(), Teller(Keeper())
    teller.link_sent(snapshot, "ada", Action.TOPUP, URL, "req_1")
    await asyncio.sleep(0.1)
    await teller.drain()
    assert not teller._unheard and not teller._told
    await subscribe(snapshot, "https://app.example/hooks")
    teller.link_sent(snapshot, "ada", Action.TOPUP, URL, "req_2")
    await teller.drain()
    assert await types_told(snapshot) == ["balance.topup.link.created"]


@pytest.mark.usefixtures("database")
async def test_one_subscription_for_other_events_hides_no_new_one() -> None:
    snapshot, teller = make_snapshot(), Teller(Keeper())
    await subscribe(snapshot, "https://app.example/hooks", "paywall.request.blocked")
    knows_the_first = replace(snapshot, told=frozenset(["paywall.request.blocked"]))
    await subscribe(snapshot, "https://app.example/hooks", "balance.*")
    teller.asked(knows_the_first, "ada", Ask(Action.TOPUP), URL, "req_1", "demo-mini")
    teller.link_sent(knows_the_first, "bob", Action.TOPUP, URL, "req_2")
    await teller.drain()
    assert sorted(await types_told(snapshot)) == [
        "balance.depleted", "balance.topup.link.created", "balance.topup.link.created", "request.blocked",
    ]  # fmt: skip


@pytest.mark.usefixtures("database")
async def test_a_bug_in_telling_one_thing_is_logged_and_the_rest_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot, teller = await listening(make_snapshot()), Teller(Keeper())
    record = outbox.record

    def fails_for_ada(session: db.Session, events: Sequence[Made]) -> None:
        if events[0].data["externalUserId"] == "ada":
            raise KeyError("bug")
        record(session, events)

    monkeypatch.setattr(outbox, "record", fails_for_ada)
    with capture_logs() as logs:
        for user in ("ada", "bob"):
            teller.link_sent(snapshot, user, Action.TOPUP, URL, "req_1")
        await teller.drain()
    assert [line["step"] for line in logs] == ["failed"]
    assert [data["externalUserId"] for _, data in await told(snapshot)] == ["bob"]
