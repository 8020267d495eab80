"""Money at Stripe, from an order to the wallet and back: told twice, not at all, by strangers, in another currency."""

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from app import db, settings
from app.adapters.mail.kept import KeptMailer
from app.domain import clock
from app.domain.inbox import health
from app.domain.inbox.connections import Connection
from app.domain.money import Environment
from app.domain.topups.tables import Topup
from app.domain.topups.trying import DECLINES_MAX
from app.domain.wallets.shared import shared_account
from app.flows.payments.checkout import look_again
from app.flows.payments.endpoints import Endpoints
from app.flows.payments.expiry import end_tried, expire_checkouts, has_tried
from app.ports.payments import Marks
from tests.support.books import assert_books_balance, make_snapshot
from tests.support.paying import begin, event, open_events, posted, refunds, topup, world_cents
from tests.support.stripe_bank import StripeBank, StripeShop
from tests.support.stripe_shop import BOX, SITE, Ears, connect, ears, keep_secret, order, signed

SECRET = "whsec_1"
DECLINED = "4000000000000002"


@pytest.fixture
def sqlite(data_dir: Path, sqlite_url: str) -> None:
    settings.configure(data=data_dir, database_url=sqlite_url)
    db.migrate()


@pytest.fixture
def shop(stripe_bank: StripeBank) -> StripeShop:
    return stripe_bank.account()


@pytest.fixture
def mailer() -> KeptMailer:
    return KeptMailer(clock.now)


@pytest.fixture
async def process(sqlite: None, shop: StripeShop, mailer: KeptMailer) -> AsyncIterator[Ears]:
    """A process of ours that Stripe reaches."""
    made = ears(shop, mailer=mailer, operators=frozenset({"op@example.org"}))
    with capture_logs():
        yield made
        await made.close()


def later(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    now = clock.now() + seconds * clock.SECOND
    monkeypatch.setattr(clock, "now", lambda: now)


async def check_out(process: Ears, connection: Connection, marks: Marks) -> str:
    """Makes a checkout for a top-up, as the product does; returns its id."""
    ends = clock.now() + 31 * 60 * clock.SECOND
    made = await process.rails.reach(connection).create_checkout(order(marks, expires_at=ends))
    with db.transaction() as session:
        row = session.get_one(Topup, marks.topup_id)
        row.checkout_id, row.expires_at = made.id, ends
    return made.id


async def deliver(process: Ears, shop: StripeShop, connection: Connection, *, times: int = 1, seed: int = 0) -> None:
    """Delivers all that the account has to tell, each so often, in any order."""
    wanted = ("checkout.session.", "payment_intent.succeeded", "payment_intent.payment_failed", "refund.")
    told = [one for one in shop.look("event") if one["type"].startswith(wanted)] * times
    random.Random(seed).shuffle(told)
    for one in told:
        await process.ear.hear(connection.id, *signed(one, SECRET))
    await process.keeper.drain(30)


@pytest.mark.unhurried
async def test_events_five_times_each_in_any_order_with_a_list_beside_them_credit_once(
    process: Ears, shop: StripeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, snapshot = connect(shop), make_snapshot()
    keep_secret(connection.id, SECRET)
    for seed in range(3):
        session_id = await check_out(process, connection, begin(snapshot, connection.id, f"user-{seed}", 1_000))
        shop.pay(session_id)
        shop.bank.fault("answer", path="/checkout/sessions", status=500, times=4)  # reading back fails twice
        await deliver(process, shop, connection, times=5, seed=seed)
        shop.bank.no_faults()
        await process.ear.read_list(connection.id)
    later(monkeypatch, 7_200)
    await process.door.finish_inbox()
    assert [posted(snapshot, f"user-{seed}") for seed in range(3)] == [1_000] * 3
    assert (world_cents(connection.id), open_events(), refunds()) == (3_000, 0, [])
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_developer_mints_nothing_with_an_account_of_their_own(
    process: Ears, shop: StripeShop, stripe_bank: StripeBank, mailer: KeptMailer
) -> None:
    """Signed by Stripe with the developer's own secret, paid for real, and marked with what is not theirs."""
    theirs, victim = make_snapshot(), make_snapshot()
    operators, account = connect(shop), stripe_bank.account("Developer B")
    own = connect(account, theirs.paywall_id)
    keep_secret(own.id, SECRET)
    of_victim = begin(victim, operators.id, cents=1_000)
    of_person = replace(of_victim, topup_id="top_nobodys", account_id=shared_account("acc_1", Environment.SANDBOX).id)
    of_own = begin(theirs, own.id, cents=1_000)
    for marks, paid in ((of_victim, 1_000), (of_person, 1_000), (of_own, 300)):
        session = await process.rails.reach(own).create_checkout(order(replace(marks, paid_cents=paid)))
        account.pay(session.id)
    before = topup(of_victim.topup_id)
    await deliver(process, account, own)
    assert (posted(victim), posted(theirs)) == (0, 0)
    assert topup(of_victim.topup_id) == before
    subjects = {kept.mail.subject.split(" of ")[0] for kept in mailer.kept()}
    assert len(mailer.kept()) >= 3 and subjects >= {"A payment"}
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_declined_card_and_another_on_the_same_page_credit_and_an_abandoned_page_expires(
    process: Ears, shop: StripeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, snapshot = connect(shop), make_snapshot()
    keep_secret(connection.id, SECRET)
    marks, left = begin(snapshot, connection.id), begin(snapshot, connection.id)
    session_id, _ = [await check_out(process, connection, one) for one in (marks, left)]
    shop.pay(session_id, DECLINED)
    await deliver(process, shop, connection)
    assert (topup(marks.topup_id).status, posted(snapshot)) == ("created", 0)
    await look_again(process.door, marks.topup_id)
    assert topup(marks.topup_id).status == "created"
    shop.pay(session_id)
    await deliver(process, shop, connection)
    assert (topup(marks.topup_id).status, posted(snapshot)) == ("paid", 500)
    later(monkeypatch, 31 * 60)
    assert await expire_checkouts(process.door) == 1
    assert topup(left.topup_id).status == "created"  # Stripe has not said so yet
    shop.bank.advance(31 * 60 + 1)
    later(monkeypatch, 60)
    await process.door.finish_inbox()
    assert (topup(left.topup_id).status, open_events()) == ("expired", 0)
    again = begin(snapshot, connection.id)
    shop.pay(await check_out_now(process, connection, again))
    await deliver(process, shop, connection)
    assert posted(snapshot) == 1_000
    assert_books_balance()


@pytest.mark.unhurried
async def test_pages_on_which_cards_are_tried_out_are_ended_and_no_others(process: Ears, shop: StripeShop) -> None:
    """Whoever tests stolen cards needs no new page for the next one: open ones go too, with those of the network."""
    connection, snapshot = connect(shop), make_snapshot()
    keep_secret(connection.id, SECRET)
    networks = {"ada": "10.0.0.1", "bob": "10.0.0.1", "eve": "10.0.0.2"}
    pages = {user: begin(snapshot, connection.id, user) for user in networks}
    paid = begin(snapshot, connection.id, "ada")
    sessions = {user: await check_out(process, connection, one) for user, one in pages.items()}
    shop.pay(await check_out(process, connection, paid))
    with db.transaction() as session:
        for user, one in pages.items():
            session.get_one(Topup, one.topup_id).network = networks[user]
    for count in range(1, DECLINES_MAX + 1):
        assert not await has_tried()
        shop.pay(sessions["ada"], DECLINED)
        await process.ear.hear(connection.id, *signed(shop.look("event")[-1], SECRET))
        await process.keeper.drain(30)
        assert topup(pages["ada"].topup_id).declines == count
    assert [await end_tried(process.door) for _ in range(2)] == [3, 0]
    found = {one["id"]: one["status"] for one in shop.look("checkout.session")}
    assert [found[sessions[user]] for user in networks] == ["expired", "expired", "open"]
    assert [topup(one.topup_id).status for one in (*pages.values(), paid)] == ["expired", "expired", "created", "paid"]
    assert shop.pay(sessions["ada"])["status"] == "expired"
    assert_books_balance()


async def check_out_now(process: Ears, connection: Connection, marks: Marks) -> str:
    """Makes a checkout by the emulator's clock, which is ahead."""
    ends = clock.now() + 40 * 60 * clock.SECOND
    return (await process.rails.reach(connection).create_checkout(order(marks, expires_at=ends))).id


@pytest.mark.unhurried
async def test_tax_and_adaptive_pricing_change_nothing_and_a_discount_sends_the_payment_back(
    process: Ears, shop: StripeShop
) -> None:
    connection, snapshot = connect(shop), make_snapshot()
    keep_secret(connection.id, SECRET)
    shop.switch(adaptive_pricing=True, payer_currency="eur", tax_basis_points=1_900)
    taxed, cheaper = [begin(snapshot, connection.id, cents=1_000) for _ in range(2)]
    shop.pay(await check_out(process, connection, taxed))
    discounted = await check_out(process, connection, cheaper)
    shop.bank.do("discount", session=discounted, cents=200)
    shop.pay(discounted)
    await process.ear.read_list(connection.id)
    await deliver(process, shop, connection)
    assert all(one["adaptive_pricing"] == {"enabled": False} for one in shop.look("checkout.session"))
    assert (posted(snapshot), topup(taxed.topup_id).status, topup(cheaper.topup_id).status) == (
        1_000,
        "paid",
        "created",
    )
    (refund,) = refunds()
    (given_back,) = shop.look("refund")
    assert (refund.status, refund.paid_cents, given_back["amount"]) == ("succeeded", 800, 952)
    assert_books_balance()


async def test_a_payer_who_comes_back_first_is_credited_by_that(process: Ears, shop: StripeShop) -> None:
    connection, snapshot = connect(shop), make_snapshot()
    marks = begin(snapshot, connection.id)
    shop.pay(await check_out(process, connection, marks))
    for _ in range(3):
        await look_again(process.door, marks.topup_id)
    assert (posted(snapshot), open_events(), len(shop.calls("/checkout/sessions"))) == (500, 0, 2)
    await look_again(process.door, "top_none")


@pytest.mark.slow
async def test_lost_webhooks_and_a_disabled_endpoint_cost_five_minutes_and_no_payment(
    process: Ears, shop: StripeShop, mailer: KeptMailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only many payments that nobody tells of show that the list brings all of them."""
    connection, snapshot = connect(shop), make_snapshot()
    endpoint_id = await Endpoints(process.accounts, BOX, SITE).make(connection)
    await process.ear.read_list(connection.id)
    shop.do("webhooks", lose=10_000)
    for number in range(50):
        shop.pay(await check_out(process, connection, begin(snapshot, connection.id, f"user-{number}")))
    shop.bank.do("endpoint", endpoint=endpoint_id, status="disabled")
    later(monkeypatch, health.LIST_SECONDS)
    assert await process.ear.read_lists() == 1
    while await process.door.finish_inbox():
        pass
    assert [posted(snapshot, f"user-{number}") for number in range(50)] == [500] * 50
    await process.watch.check_all()
    assert [kept.mail.subject for kept in mailer.kept()] == ["Stripe does not send us its events"]
    with db.transaction(writes=False) as session:
        assert health.read_health(session, connection.id).endpoint_status == "disabled"
    keep_secret(connection.id, SECRET, "we_new")
    await deliver(process, shop, connection)
    assert (world_cents(connection.id), open_events()) == (25_000, 0)
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_payment_on_its_way_when_its_page_ends_is_asked_for_until_it_comes(
    process: Ears, shop: StripeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, snapshot = connect(shop), make_snapshot()
    marks = begin(snapshot, connection.id)
    session_id = await check_out(process, connection, marks)
    shop.pay(session_id, delayed=True)
    shop.bank.advance(32 * 60)
    later(monkeypatch, 32 * 60)
    await expire_checkouts(process.door)
    assert (event(connection.id, f"expiry:{marks.topup_id}").attempts, topup(marks.topup_id).status) == (1, "created")
    shop.bank.do("delayed", session=session_id)
    later(monkeypatch, 3_600)
    await process.door.finish_inbox()
    assert (posted(snapshot), open_events()) == (500, 0)
    assert_books_balance()
