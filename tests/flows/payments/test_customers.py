"""A card that its owner lets be kept at a checkout: asked for, paid with, read back, and nobody else's."""

import pytest
from sqlalchemy import text

from app import db
from app.adapters.mail.kept import KeptMailer
from app.adapters.payments.sandbox import SandboxRail
from app.adapters.payments.sandbox_cards import SandboxCardRail
from app.adapters.payments.stripe_cards import StripeCardRail
from app.domain import clock
from app.domain.cards import cards
from app.domain.cards.tables import Card
from app.domain.errors import LinkInvalid, Refused
from app.domain.inbox.inbox import ObjectKind
from app.domain.money import Environment
from app.domain.paywalls.modes import Mode
from app.domain.people.sessions import Person
from app.flows.cards.cards import CardTaker, begin_saving
from app.flows.cards.charging import Charging
from app.flows.payments.checkout import Wanted, begin_own_topup, open_sandbox_checkout
from app.flows.payments.customers import open_payer
from app.flows.payments.received import PaymentDoor, pay_in_sandbox
from app.flows.payments.refund import Refunds
from app.ports.payments import PaymentStatus
from app.wiring.adapters import CardsByConnection, RailsByConnection
from tests.support.books import assert_books_balance, make_snapshot
from tests.support.handed import begin_topup, desk, mint_topup
from tests.support.paying import door_of, open_bank, open_events
from tests.support.saved_cards import CardBank, balance, charging_of, make_person
from tests.support.stripe_bank import StripeBank
from tests.support.stripe_shop import SITE, connect, reaching

pytestmark = pytest.mark.plain_sql

SECRET = b"a secret"
RAIL, CARDS = SandboxRail(SECRET, clock.now), SandboxCardRail(SECRET, clock.now)
RAILS = CardsByConnection(CARDS)


def door() -> PaymentDoor:
    rails, operators = RailsByConnection(RAIL), desk(KeptMailer(clock.now))
    return PaymentDoor(rails, Refunds(rails, operators), operators, {ObjectKind.CARD: CardTaker(RAILS)})


def saved(person: Person, connection_id: str = "sandbox") -> list[Card]:
    with db.transaction(writes=False) as session:
        return list(cards.list_of_person(session, person.account_id, connection_id))


async def begin(person: Person, wanted: Wanted) -> str:
    return (await begin_own_topup(RAIL, person, Environment.SANDBOX, wanted)).split("/")[3]


@pytest.mark.unhurried
async def test_a_card_is_kept_with_its_payment_where_its_owner_said_so(database: str) -> None:
    person, receives = make_person(), door()
    token = await begin(person, Wanted("10", cards=RAILS))
    assert (await open_sandbox_checkout(RAIL, token)).saves_card
    await pay_in_sandbox(receives, RAIL, token, PaymentStatus.DECLINED)
    assert saved(person) == []
    for _ in range(2):
        await pay_in_sandbox(receives, RAIL, token, PaymentStatus.PAID)
    assert [card.last_four for card in saved(person)] == ["4242"]
    await pay_in_sandbox(receives, RAIL, await begin(person, Wanted("10", cards=RAILS)), PaymentStatus.PAID)
    assert len(saved(person)) == 1 and balance(person) == 2_000 and open_events() == 0
    assert_books_balance()


async def test_nothing_is_kept_unless_its_owner_said_so(database: str) -> None:
    person = make_person()
    token = await begin(person, Wanted("10"))
    assert not (await open_sandbox_checkout(RAIL, token)).saves_card
    await pay_in_sandbox(door(), RAIL, token, PaymentStatus.PAID)
    assert saved(person) == [] and balance(person) == 1_000


async def test_a_card_is_kept_though_all_was_cut_after_the_credit(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, cut = make_person(), door_of(RAIL)  # nobody in this process understands cards
    await pay_in_sandbox(cut, RAIL, await begin(person, Wanted("10", cards=RAILS)), PaymentStatus.PAID)
    assert balance(person) == 1_000 and saved(person) == [] and open_events() == 1
    later = clock.now() + 60 * clock.SECOND
    monkeypatch.setattr(clock, "now", lambda: later)
    assert await door().finish_inbox() == 1
    assert [card.last_four for card in saved(person)] == ["4242"] and open_events() == 0


async def test_a_card_of_somebody_else_at_the_account_is_kept_for_nobody_here(database: str) -> None:
    person, other = make_person(), make_person("bob@example.org")
    token = await begin(person, Wanted("10", cards=RAILS))
    with db.transaction() as session:
        session.execute(text("UPDATE card_customer SET ref = 'cus_another'"))
    await pay_in_sandbox(door(), RAIL, token, PaymentStatus.PAID)
    assert saved(person) == saved(other) == [] and balance(person) == 1_000 and open_events() == 0


async def test_an_apps_wallet_and_a_developers_account_keep_no_card(database: str) -> None:
    snapshot, person = make_snapshot(), make_person()
    with pytest.raises(Refused, match="of your own"):
        await begin_topup(RAIL, mint_topup(snapshot.paywall_id, "ada"), "5", person, cards=RAILS)
    theirs = CardBank(open_bank(snapshot.paywall_id).connection_id)
    with pytest.raises(Refused, match="cannot be saved"):
        await open_payer(charging_of(theirs).rails, theirs.connection_id, person)
    with db.transaction(writes=False) as session:
        assert session.execute(text("SELECT count(*) FROM topup")).scalar_one() == 0
    assert theirs.calls == 0


async def test_behind_an_apps_link_whoever_is_signed_in_may_keep_a_card(database: str) -> None:
    person = make_person()
    token = mint_topup(make_snapshot(mode=Mode.SHARED).paywall_id, "ada")
    url = await begin_topup(RAIL, token, "5", person, cards=RAILS)
    await pay_in_sandbox(door(), RAIL, url.split("/")[3], PaymentStatus.PAID)
    assert [card.last_four for card in saved(person)] == ["4242"]


async def test_a_payer_is_made_at_the_account_once(database: str) -> None:
    bank, person = CardBank(open_bank().connection_id), make_person()
    rails = charging_of(bank).rails
    found = [await open_payer(rails, bank.connection_id, person) for _ in range(2)]
    assert found[0] == found[1] and len(bank.customers) == 1 and bank.calls == 1


@pytest.mark.unhurried
async def test_a_card_that_stripe_keeps_is_read_back_by_the_door(stripe_bank: StripeBank, database: str) -> None:
    shop, person, other = stripe_bank.account(), make_person(), make_person("bob@example.org")
    connection = connect(shop)
    async with reaching(shop, connection.id) as reached:
        of_cards = CardsByConnection(StripeCardRail(connection.id, reached.rail._account, SITE))
        rails, operators = RailsByConnection(reached.rail), desk(KeptMailer(clock.now))
        taker = {ObjectKind.CARD: CardTaker(of_cards)}
        receives = PaymentDoor(rails, Refunds(rails, operators), operators, taker)
        wanted = Wanted("10", cards=of_cards)
        await begin_own_topup(reached.rail, person, Environment.SANDBOX, wanted)
        (session,) = shop.look("checkout.session")
        shop.pay(session["id"], "4000000000000002")
        shop.pay(session["id"], "5555555555554444")
        for number in range(2):
            await receives.receive(connection.id, f"evt_{number}", session["id"])
    assert [(card.brand, card.last_four) for card in saved(person, connection.id)] == [("mastercard", "4444")]
    assert saved(other, connection.id) == [] and balance(person) == 1_000 and open_events() == 0
    assert_books_balance()


@pytest.mark.unhurried
async def test_whom_the_account_has_lost_is_made_there_anew_once(stripe_bank: StripeBank, database: str) -> None:
    shop, person = stripe_bank.account(), make_person()
    connection = connect(shop)
    async with reaching(shop, connection.id) as reached:
        of_cards = CardsByConnection(StripeCardRail(connection.id, reached.rail._account, SITE))
        rails, operators = RailsByConnection(reached.rail), desk(KeptMailer(clock.now))
        charging = Charging(of_cards, PaymentDoor(rails, Refunds(rails, operators), operators))
        wanted = Wanted("10", cards=of_cards)
        first = (await open_payer(of_cards, connection.id, person)).ref
        await shop.client().v1.customers.delete_async(first)
        assert shop.bank.url in await begin_saving(charging, connection.id, person, "/settings/", "click")
        second = (await open_payer(of_cards, connection.id, person)).ref
        await shop.client().v1.customers.delete_async(second)
        assert shop.bank.url in await begin_own_topup(reached.rail, person, Environment.SANDBOX, wanted)
        third = (await open_payer(of_cards, connection.id, person)).ref
    assert len({first, second, third}) == 3
    assert [one["customer"] for one in shop.look("checkout.session")] == [second, third]


async def test_a_name_that_says_whose_card_is_kept_cannot_be_made_up(database: str) -> None:
    token = await begin(make_person(), Wanted("10", cards=RAILS))
    forged = SandboxRail(b"another secret", clock.now)
    with pytest.raises(LinkInvalid):
        forged.payment_id(token, PaymentStatus.PAID)
