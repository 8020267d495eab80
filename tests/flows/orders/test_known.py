"""A request names an order of its own user, or is refused; what its user has not chosen is looked up each time."""

from dataclasses import replace

import pytest

from app import db
from app.domain.authorizations.authorizations import find_active
from app.domain.errors import BadField
from app.domain.ids import new_id
from app.domain.legs.legs import Source
from app.domain.money import NANOS
from app.domain.orders.orders import Order
from app.domain.paywalls.modes import Mode
from app.domain.pricing.quote import Tokens
from app.domain.usage.requests import Labels, Metered
from app.flows.callers.asked import Action, Ask
from app.flows.callers.standing import Standings
from app.flows.chat.call import Run
from app.flows.limits.spending import SpendLimits
from app.flows.orders.choose import choose
from app.flows.orders.known import Orders, check_charged
from app.flows.people.consent import revoke
from tests.support.books import PRICE, assert_books_balance, give, make_snapshot, running_queue
from tests.support.crowd import connect, purse, sign_in, top_up
from tests.support.handed import charge, mint_order, open_order
from tests.support.ordered import order_of
from tests.support.own_keys import Apart, allow, own_flows, save_key
from tests.support.scripted import Scripted, flows, request

pytestmark = pytest.mark.plain_sql

BY = (Standings(), SpendLimits())
FIRST, LATER = "req_1", "req_2"


async def test_an_order_is_found_for_its_own_user_in_its_own_paywall_alone(database: str) -> None:
    snapshot, other = make_snapshot(), make_snapshot()
    order, orders = order_of(snapshot, "ada", Source.PLATFORM), Orders()
    for _ in range(2):  # read, and then remembered
        assert await orders.find(snapshot, "ada", order.id) == order
        for who, user, named in ((snapshot, "bob", order.id), (other, "ada", order.id), (snapshot, "ada", "ord_none")):
            with pytest.raises(BadField) as refused:
                await orders.find(who, user, named)
            assert (refused.value.field, refused.value.code) == ("X-Paywall-Order", "unknown_order")
    assert await orders.find(snapshot, "ada", None) is None


async def test_until_its_user_has_chosen_an_order_asks_and_charges_nothing(database: str) -> None:
    snapshot = make_snapshot(mode=Mode.SHARED)
    ada, _ = await sign_in("ada@example.org")
    order = order_of(snapshot, "u1")
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        labels = Labels(order=order.id)

        async def begin(name: str) -> Run | Ask:
            return await chat.begin(snapshot, "u1", request(), name, None, labels=labels)

        first = await begin(FIRST)
        assert isinstance(first, Ask) and first.action is Action.AUTHORIZE, "consent comes first"
        await connect(snapshot, ada)
        top_up(ada, 5 * NANOS)
        before = purse(ada).posted_nanos
        asked = await begin(FIRST)
        assert isinstance(asked, Ask) and (asked.action, asked.order_id) == (Action.ORDER, order.id)
        refused = await charge(queue, *BY, snapshot, "u1", NANOS, None, None, FIRST, None, labels=labels)
        assert refused.ask is not None and (refused.success, refused.ask.action) == (False, Action.ORDER)
        assert purse(ada).posted_nanos == before
        link = open_order(mint_order(snapshot.paywall_id, "u1", order.id))
        await choose(link, ada, Source.PLATFORM)
        run = await begin(FIRST)
        assert isinstance(run, Run)
        applied = await chat.settle(run, Metered(Tokens(1_000, 1_000)))
        assert applied.amount > 0 and purse(ada).posted_nanos == before - applied.amount
    assert_books_balance()


async def test_low_balance_pauses_new_calls_and_ends_nothing(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", 2 * NANOS)
    order = order_of(snapshot, "ada", Source.PLATFORM)
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        labels = Labels(order=order.id)
        asked = request(max_tokens=909_080)  # holds all of it but for a few tokens
        running = await chat.begin(snapshot, "ada", asked, FIRST, None, labels=labels)
        assert isinstance(running, Run)
        paused = await chat.begin(snapshot, "ada", asked, LATER, None, labels=labels)
        assert isinstance(paused, Ask) and paused.action is Action.TOPUP
        assert (await chat.settle(running, Metered(Tokens(100, 100)))).amount > 0, "what ran goes on to its end"
        await give(snapshot, "ada", 2 * NANOS)
        again = await chat.begin(snapshot, "ada", asked, LATER, None, labels=labels)
        assert isinstance(again, Run), "the order goes on"
        await chat.release(again)
    assert_books_balance()


async def test_nothing_is_charged_to_a_wallet_where_the_users_own_key_pays(database: str) -> None:
    snapshot = make_snapshot(mode=Mode.SHARED)
    ada, _ = await sign_in("ada@example.org")
    await connect(snapshot, ada)
    top_up(ada, 5 * NANOS)
    before, order = purse(ada).posted_nanos, order_of(snapshot, "u1", Source.OWN)
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        labels = Labels(order=order.id)
        with pytest.raises(BadField) as refused:
            await charge(queue, *BY, snapshot, "u1", NANOS, None, None, FIRST, None, labels=labels)
        assert refused.value.code == "unsupported_billing"
        asked = await chat.begin(snapshot, "u1", request(), LATER, None, labels=labels)
        assert isinstance(asked, Ask) and asked.action is Action.OWN_KEY, "without a key there is a link, no charge"
    assert purse(ada).posted_nanos == before
    check_charged(None)
    check_charged(order_of(snapshot, "u1", Source.PLATFORM))
    assert_books_balance()


async def test_what_one_account_allowed_lets_no_other_pay_that_the_apps_user_is_connected_to_since(
    database: str,
) -> None:
    snapshot = make_snapshot(mode=Mode.SHARED)
    (ada, _), (bob, _) = await sign_in("ada@example.org"), await sign_in("bob@example.org")
    order = order_of(snapshot, "u1")
    for number, person in enumerate((ada, bob)):
        await connect(snapshot, person)
        top_up(person, 5 * NANOS)
        allow(snapshot)
        if person is ada:
            await choose(open_order(mint_order(snapshot.paywall_id, "u1", order.id)), ada, Source.OWN,
                         may_fall_back=True)  # fmt: skip
        async with running_queue() as queue:
            chat, _ = own_flows(queue, Apart(Scripted(), Scripted()))
            labels = Labels(order=order.id)
            asked = await chat.begin(snapshot, "u1", request(max_tokens=9), f"req_{number}", None, labels=labels)
            if isinstance(asked, Run):
                await chat.release(asked)
        assert isinstance(asked, Run) if person is ada else isinstance(asked, Ask) and asked.action is Action.OWN_KEY
        with db.transaction() as session:
            active = find_active(session, snapshot.paywall_id, "u1")
            assert active is not None
        await revoke(person, active.id)
    assert_books_balance()


async def test_the_own_key_pays_where_its_user_chose_so_and_the_wallet_only_where_they_allowed_it(
    database: str,
) -> None:
    snapshot = make_snapshot({"demo-mini": PRICE, "other": replace(PRICE, model="other")}, mode=Mode.SHARED)
    ada, _ = await sign_in("ada@example.org")
    await connect(snapshot, ada)
    top_up(ada, 5 * NANOS)
    save_key(ada, "demo-mini")
    allow(snapshot, go_first=False)
    own, spared, paid = (order_of(snapshot, "u1", billing) for billing in (Source.OWN, None, Source.PLATFORM))
    await choose(open_order(mint_order(snapshot.paywall_id, "u1", spared.id)), ada, Source.OWN, may_fall_back=True)
    before = purse(ada).posted_nanos
    ways = Apart(Scripted(), Scripted())
    async with running_queue() as queue:
        chat, _ = own_flows(queue, ways)

        async def begin(order: Order, model: str, source: Source | None = None) -> Source | Action:
            name = new_id("req")
            asked = await chat.begin(snapshot, "u1", request(model=model, max_tokens=9), name, None, source=source,
                                     labels=Labels(order=order.id))  # fmt: skip
            if isinstance(asked, Ask):
                return asked.action
            await chat.release(asked)
            return Source.OWN if asked.leg.own else Source.PLATFORM

        assert await begin(own, "demo-mini") is Source.OWN, "the order counts, whatever usually goes first"
        assert await begin(own, "other") is Action.OWN_KEY, "and no wallet pays in its place"
        assert await begin(spared, "demo-mini") is Source.OWN
        assert await begin(spared, "other") is Source.PLATFORM, "but where that was allowed"
        assert await begin(paid, "demo-mini", Source.PLATFORM) is Source.PLATFORM
        for order, source in ((own, Source.PLATFORM), (paid, Source.OWN)):
            with pytest.raises(BadField) as refused:
                await begin(order, "demo-mini", source)
            assert (refused.value.field, refused.value.code) == ("X-Paywall-Billing", "unsupported_billing")
    assert purse(ada).posted_nanos == before
    assert_books_balance()
