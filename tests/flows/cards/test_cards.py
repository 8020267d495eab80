"""A person's cards: saved through the one door, removed with what charges them, paid with once a click."""

import asyncio
from dataclasses import replace

import pytest

from app import db
from app.adapters.mail.kept import KeptMailer
from app.adapters.payments.sandbox import SandboxRail
from app.adapters.payments.sandbox_cards import SandboxCardRail
from app.domain import clock
from app.domain.cards.cards import list_of_person
from app.domain.cards.charges import AlreadyCharging
from app.domain.cards.tables import Card, CardNotice, ChargeOutcome, Customer, NoticeKind, OffReason, Switch
from app.domain.errors import BadField, LinkInvalid, NotFound, Refused, Unavailable
from app.domain.inbox.inbox import ObjectKind
from app.domain.inbox.tables import InboxEvent
from app.domain.ledger.apply import apply_all
from app.domain.money import NANOS
from app.domain.people.sessions import Person
from app.domain.topups.surcharge import Surcharge
from app.domain.topups.tables import TopupKind
from app.domain.wallets.freezes import freeze
from app.domain.wallets.shared import open_shared_wallet, shared_account
from app.domain.wallets.tables import FreezeReason
from app.flows.cards import cards
from app.flows.cards.cards import CardTaker, confirm, look_after, pay_now, read_confirmation
from app.flows.cards.charging import Charging
from app.flows.payments.received import PaymentDoor
from app.flows.payments.refund import Refunds
from app.ports.cards import ChargeState, SandboxCard
from app.wiring.adapters import CardsByConnection, RailsByConnection
from tests.support.books import assert_books_balance, make_snapshot
from tests.support.handed import desk
from tests.support.paying import away, event, open_bank, topup, world_cents
from tests.support.saved_cards import (
    GENERIC,
    SANDBOX,
    CardBank,
    balance,
    charge_ids,
    charging_of,
    make_person,
    outcomes,
    save_card,
    switch,
    switch_on,
)

SECRET = b"a secret"
CARDS = SandboxCardRail(SECRET, clock.now)


def sandbox() -> Charging:
    """Returns what a process of the demo has: the sandbox's rail and its cards."""
    rails, of_cards = RailsByConnection(SandboxRail(SECRET, clock.now)), CardsByConnection(CARDS)
    operators, taker = desk(KeptMailer(clock.now)), {ObjectKind.CARD: CardTaker(of_cards)}
    return Charging(of_cards, PaymentDoor(rails, Refunds(rails, operators), operators, taker))


def saved(person: Person, connection_id: str) -> list[Card]:
    with db.transaction(writes=False) as session:
        return list(list_of_person(session, person.account_id, connection_id))


async def save_in_sandbox(charging: Charging, person: Person, card: SandboxCard) -> Card:
    url = await cards.begin_saving(charging, "sandbox", person, "/settings/?saved={saved}", "click_1")
    token = url.removeprefix("/sandbox/card/").removesuffix("/")
    back = await cards.save_in_sandbox(charging.door, CARDS, token, card)
    assert back.startswith("/settings/?saved=sbm_")
    return saved(person, "sandbox")[0]


@pytest.mark.unhurried
@pytest.mark.parametrize(("behaviour", "outcome", "cents"), [
    (SandboxCard.PAYS, ChargeOutcome.PAID, 500), (SandboxCard.DECLINES, ChargeOutcome.DECLINED, 0),
    (SandboxCard.STOLEN, ChargeOutcome.DECLINED, 0), (SandboxCard.ASKS, ChargeOutcome.WAITS, 0),
])  # fmt: skip
async def test_a_card_of_the_sandbox_is_saved_and_behaves(
    database: str, behaviour: SandboxCard, outcome: ChargeOutcome, cents: int
) -> None:
    charging, person = sandbox(), make_person()
    card = await save_in_sandbox(charging, person, behaviour)
    assert (card.last_four, card.brand) == (behaviour.value, "visa")
    topup_id = await pay_now(charging, person, SANDBOX, card.id, "5", "button_1")
    with db.transaction(writes=False) as session:
        assert read_confirmation(session, person, topup_id).outcome is outcome
    assert balance(person) == cents


@pytest.mark.unhurried
async def test_a_bank_page_of_the_sandbox_confirms_what_nothing_else_changes(database: str) -> None:
    """Acceptance 7: opening a link changes nothing, giving up is no decline, one confirmation credits once."""
    charging, person = sandbox(), make_person()
    card = await save_in_sandbox(charging, person, SandboxCard.ASKS)
    topup_id = await pay_now(charging, person, SANDBOX, card.id, "20", "button_1")
    for _ in range(20):  # a bot opens the page
        with db.transaction(writes=False) as session:
            assert read_confirmation(session, person, topup_id).is_open
    url: str | None = None
    for _ in range(2):  # its owner goes to the bank, and comes back without having confirmed
        url = await confirm(charging, person, topup_id, f"/confirm/{topup_id}/")
        assert url is not None and url.startswith("/sandbox/bank/")
        assert await look_after(charging, person, topup_id) is ChargeOutcome.WAITS
    token = (url or "").removeprefix("/sandbox/bank/").removesuffix("/")
    for _ in range(2):
        assert await cards.confirm_in_sandbox(charging.door, CARDS, token) == f"/confirm/{topup_id}/"
    assert await look_after(charging, person, topup_id) is ChargeOutcome.PAID
    assert balance(person) == 2_000
    assert await confirm(charging, person, topup_id, "/") is None  # there is nothing left to confirm
    with pytest.raises(LinkInvalid):
        await cards.confirm_in_sandbox(charging.door, CARDS, "sbb_forged")
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_card_that_is_saved_again_is_the_one_that_there_is(database: str) -> None:
    """A checkout that keeps the card makes a new name for it each time; it is shown once, and removed once."""
    bank, person = CardBank(open_bank().connection_id), make_person()
    card, charging = save_card(bank, person), charging_of(bank)
    again = f"{card.ref}#2"
    bank.faults.append(away())
    await charging.door.receive(bank.connection_id, "evt_1", again, ObjectKind.CARD)
    for event_id in ("evt_2", "evt_2", "evt_3"):
        await charging.door.receive(bank.connection_id, event_id, again, ObjectKind.CARD)
    assert [one.id for one in saved(person, bank.connection_id)] == [card.id] and bank.gone == {again}
    await cards.remove(charging.rails, person, card.id)
    await charging.door.receive(bank.connection_id, "evt_4", f"{card.ref}#3", ObjectKind.CARD)
    assert [one.ref for one in saved(person, bank.connection_id)] == [f"{card.ref}#3"]
    assert bank.gone == {again, card.ref}


async def test_two_checkouts_that_keep_one_card_at_the_same_moment_store_it_once(database: str) -> None:
    bank, person = CardBank(open_bank().connection_id), make_person()
    card, charging = save_card(bank, person), charging_of(bank)
    await cards.remove(charging.rails, person, card.id)
    names = [f"{card.ref}#{n}" for n in range(2, 6)]
    await asyncio.gather(*(charging.door.receive(bank.connection_id, f"evt_{one}", one, ObjectKind.CARD)
                           for one in names))  # fmt: skip
    (kept,) = saved(person, bank.connection_id)
    assert bank.gone == {card.ref, *names} - {kept.ref}


async def test_a_card_that_its_rail_dropped_unheard_gives_way_to_its_new_saving(database: str) -> None:
    """Else the new one is forgotten at the rail as well, and nobody can pay with what the page shows."""
    bank, person = CardBank(open_bank().connection_id), make_person()
    card, charging = save_card(bank, person), charging_of(bank)
    bank.gone.add(card.ref)
    again = f"{card.ref}#2"
    await charging.door.receive(bank.connection_id, "evt_1", again, ObjectKind.CARD)
    (kept,) = saved(person, bank.connection_id)
    assert kept.ref == again and again not in bank.gone
    await pay_now(charging, person, SANDBOX, kept.id, "20", "button_1")
    assert balance(person) == 2_000


@pytest.mark.unhurried
async def test_a_button_charges_once_however_often_it_is_pressed(database: str) -> None:
    bank, person = CardBank(open_bank().connection_id), make_person()
    card, charging = save_card(bank, person), charging_of(bank)
    made = await asyncio.gather(*(pay_now(charging, person, SANDBOX, card.id, "20", "button_1") for _ in range(5)))
    assert len(set(made)) == 1 and len(bank.made) == 1 and balance(person) == 2_000
    await pay_now(charging, person, SANDBOX, card.id, "20", "button_2")
    assert balance(person) == 4_000
    assert_books_balance()


async def test_another_payment_waits_until_the_first_is_known(database: str) -> None:
    bank, person = CardBank(open_bank().connection_id), make_person()
    card, charging = save_card(bank, person), charging_of(bank)
    bank.behaves[card.ref] = ChargeState.NEEDS_OWNER
    await pay_now(charging, person, SANDBOX, card.id, "20", "button_1")
    with pytest.raises(AlreadyCharging):
        await pay_now(charging, person, SANDBOX, card.id, "20", "button_2")


async def test_nobody_pays_with_what_is_not_theirs_or_into_a_frozen_wallet(database: str) -> None:
    bank, ada, bob = CardBank(open_bank().connection_id), make_person(), make_person("bob@example.org")
    card, charging = save_card(bank, ada), charging_of(bank)
    with pytest.raises(NotFound):
        await pay_now(charging, bob, SANDBOX, card.id, "20", "button_1")
    with pytest.raises(BadField):
        await pay_now(charging, ada, SANDBOX, card.id, "2.99", "button_1")
    topup_id = await pay_now(charging, ada, SANDBOX, card.id, "20", "button_2")
    with db.transaction(writes=False) as session, pytest.raises(NotFound):
        read_confirmation(session, bob, topup_id)
    for act in (confirm(charging, bob, topup_id, "/"), look_after(charging, bob, topup_id)):
        with pytest.raises(NotFound):
            await act
    with db.transaction() as session:
        wallet = open_shared_wallet(session, ada.account_id, SANDBOX)
        apply_all(session, freeze(session, wallet.owner, FreezeReason.OPERATOR))
    with pytest.raises(Refused):
        await pay_now(charging, ada, SANDBOX, card.id, "20", "button_3")
    assert len(bank.made) == 1


async def test_removing_a_card_stops_what_charges_it_though_the_rail_is_away(database: str) -> None:
    bank, person = CardBank(open_bank().connection_id), make_person()
    card, charging = save_card(bank, person), charging_of(bank)
    wallet = switch_on(person, card)
    await cards.remove(charging.rails, person, card.id)
    assert switch(wallet) == (Switch.OFF, OffReason.CARD_REMOVED) and bank.gone == {card.ref}
    assert saved(person, bank.connection_id) == []
    with pytest.raises(NotFound):
        await cards.remove(charging.rails, person, card.id)


@pytest.mark.unhurried
async def test_what_a_rail_tells_of_cards_is_taken_in(database: str) -> None:
    bank, person = CardBank(open_bank().connection_id), make_person()
    card, charging = save_card(bank, person, "9999"), charging_of(bank)
    wallet = switch_on(person, card)
    with db.transaction() as session:
        session.get_one(Card, card.id).last_four = "1111"
    for _ in range(2):
        await charging.door.receive(bank.connection_id, "evt_updated", card.ref, ObjectKind.CARD)
    with db.transaction(writes=False) as session:
        assert session.get_one(Card, card.id).last_four == "9999"
        told = [n.kind for n in session.query(CardNotice).all() if n.wallet_id == wallet.owner]
        assert told.count(NoticeKind.CARD_REPLACED) == 1
    bank.gone.add(card.ref)
    await charging.door.receive(bank.connection_id, "evt_detached", card.ref, ObjectKind.CARD)
    assert switch(wallet) == (Switch.OFF, OffReason.CARD_REMOVED)
    await charging.door.receive(bank.connection_id, "evt_strange", "pm:cus_other:4242", ObjectKind.CARD)
    assert event(bank.connection_id, "evt_strange").handled_at is not None
    assert saved(person, bank.connection_id) == []


async def test_a_card_is_the_one_that_is_paid_with_once_its_owner_says_so(database: str) -> None:
    bank, person = CardBank(open_bank().connection_id), make_person()
    save_card(bank, person)
    other = save_card(bank, person, "1111")
    await cards.make_default(person, other.id)
    with db.transaction(writes=False) as session:
        assert session.get_one(Customer, other.customer_id).default_card_id == other.id


async def test_a_developers_account_saves_no_cards(database: str) -> None:
    bank = CardBank(open_bank(make_snapshot().paywall_id).connection_id)
    with pytest.raises(Refused):
        await cards.begin_saving(charging_of(bank), bank.connection_id, make_person(), "/settings/", "click")


async def test_a_customer_is_made_once(database: str) -> None:
    bank, person = CardBank(open_bank().connection_id), make_person()
    charging = charging_of(bank)
    urls = {await cards.begin_saving(charging, bank.connection_id, person, "/settings/", "click") for _ in range(2)}
    assert len(bank.customers) == 1 and len(urls) == 1 and urls.pop().startswith("https://bank.example/")


async def test_of_a_saved_card_nothing_is_stored_that_somebody_made_up_or_that_is_anothers(database: str) -> None:
    bank, ada, bob = CardBank(open_bank().connection_id), make_person(), make_person("bob@example.org")
    charging, where = charging_of(bank), bank.connection_id
    mine, theirs = save_card(bank, ada), save_card(bank, bob)
    for ref in ("cs_made_up", "", theirs.ref, "pm:cus_stranger:4242"):
        with pytest.raises(NotFound):
            await cards.finish_saving(charging, where, ada, ref)
    with db.transaction(writes=False) as session:
        assert session.query(InboxEvent).count() == 0
    bank.faults.append(away())
    with pytest.raises(Unavailable):
        await cards.finish_saving(charging, where, ada, mine.ref)
    await cards.finish_saving(charging, where, ada, mine.ref.replace("4242", "1111"))
    assert {card.last_four for card in saved(ada, where)} == {"4242", "1111"}
    assert [card.last_four for card in saved(bob, where)] == ["4242"]


async def test_a_no_is_shown_and_counts_for_the_card(database: str) -> None:
    bank, person = CardBank(open_bank().connection_id), make_person()
    card, charging = save_card(bank, person), charging_of(bank)
    bank.behaves[card.ref] = GENERIC
    topup_id = await pay_now(charging, person, SANDBOX, card.id, "20", "button_1")
    assert charge_ids(shared_account(person.account_id, SANDBOX), TopupKind.CARD) == [topup_id]
    assert outcomes(shared_account(person.account_id, SANDBOX)) == [ChargeOutcome.DECLINED]


@pytest.mark.unhurried
async def test_a_fee_is_paid_with_a_saved_card_and_never_credited(database: str) -> None:
    bank, person = CardBank(open_bank().connection_id), make_person()
    card, charging = save_card(bank, person), replace(charging_of(bank), costs=lambda: Surcharge(290, 30))
    topup_id = await pay_now(charging, person, SANDBOX, card.id, "20", "button_1")
    assert [order.marks.paid_cents for order in bank.orders] == [2_088] and balance(person) == 2_000
    assert (topup(topup_id).paid_cents, topup(topup_id).credited_nanos) == (2_088, 20 * NANOS)
    assert world_cents(bank.connection_id) == bank.cents == 2_088
    assert_books_balance()
