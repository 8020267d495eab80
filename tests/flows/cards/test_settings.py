"""The page of cards reads what the job reads, and what is switched there charges nothing by itself."""

from dataclasses import replace

import pytest

from app import db
from app.domain.cards.auto_topup import Consent
from app.domain.cards.rules import Answer, State, Terms
from app.domain.cards.tables import CardCharge, ChargeOutcome, OffReason, Switch
from app.domain.errors import BadField, NotFound, Refused
from app.domain.ledger.apply import apply_all
from app.domain.money import NANOS, Unit
from app.domain.people.sessions import Person
from app.domain.topups.surcharge import Surcharge
from app.domain.wallets.freezes import freeze
from app.domain.wallets.shared import open_shared_wallet, shared_account
from app.domain.wallets.tables import FreezeReason
from app.flows.cards import settings
from app.flows.cards.settings import CardSettings, consent_of, read_settings
from app.ports.cards import ChargeState
from tests.support.books import assert_books_balance
from tests.support.credits import credits_account, credits_of
from tests.support.paying import open_bank
from tests.support.saved_cards import (
    GENERIC,
    SANDBOX,
    TERMS,
    CardBank,
    balance,
    make_person,
    outcomes,
    row,
    save_card,
    spend_all,
    switch,
    switch_on,
    topups_of,
)

pytestmark = pytest.mark.plain_sql

MERCHANT = "Café Bot Ltd"


def begin() -> tuple[CardBank, Person]:
    return CardBank(open_bank().connection_id), make_person()


def read(bank: CardBank, person: Person) -> CardSettings:
    with db.transaction(writes=False) as session:
        return read_settings(session, person, SANDBOX, bank.connection_id)


def consent(terms: Terms = TERMS) -> Consent:
    return Consent(consent_of(MERCHANT, terms, Unit.USDC), "10.0.0.1")


async def test_who_never_saved_a_card_sees_an_empty_page(database: str) -> None:
    bank, person = begin()
    shown = read(bank, person)
    assert (shown.cards, shown.charges, shown.balance_nanos, shown.unit) == ([], [], 0, Unit.USDC)
    assert (shown.auto.state, shown.auto.terms, shown.auto.card) == (State.OFF_BY_OWNER, None, None)


async def test_it_is_switched_on_by_its_own_consent_and_charges_nothing(database: str) -> None:
    bank, person = begin()
    card = save_card(bank, person)
    await settings.switch_on(person, SANDBOX, card.id, TERMS, consent(), MERCHANT)
    shown = read(bank, person)
    assert (shown.auto.state, shown.auto.terms, shown.auto.is_below) == (State.NEXT, TERMS, True)
    assert shown.auto.card is not None and shown.auto.card.name == "Visa ···4242" and shown.cards[0].is_for_auto_topup
    wallet = shared_account(person.account_id, SANDBOX)
    assert row(wallet).consent_text == consent().text and outcomes(wallet) == []
    await settings.switch_off(person, SANDBOX)
    await settings.switch_off(person, SANDBOX)
    assert read(bank, person).auto.state is State.OFF_BY_OWNER and not read(bank, person).cards[0].is_for_auto_topup


async def test_credits_fill_themselves_by_a_row_and_a_cap_of_their_own(database: str) -> None:
    bank, person = begin()
    card, terms = save_card(bank, person), replace(TERMS, threshold_nanos=500 * NANOS)
    agreed = Consent(consent_of(MERCHANT, terms, Unit.CREDIT), "10.0.0.1")
    assert "below 500 credits" in agreed.text
    await settings.switch_on(person, SANDBOX, card.id, terms, agreed, MERCHANT, unit=Unit.CREDIT)
    looked = await topups_of(bank).fill(credits_account(person).owner)
    assert looked.answer is Answer.CHARGE and credits_of(person).posted_nanos == 2_000 * NANOS
    with db.transaction(writes=False) as session:
        own = read_settings(session, person, SANDBOX, bank.connection_id, unit=Unit.CREDIT)
    assert (own.unit, own.balance_nanos, own.auto.month_cents) == (Unit.CREDIT, 2_000 * NANOS, 2_000)
    shared = read(bank, person)
    assert (shared.auto.state, shared.balance_nanos, shared.auto.month_cents) == (State.OFF_BY_OWNER, 0, 0)
    await settings.switch_off(person, SANDBOX)
    assert switch(credits_account(person)) == (Switch.ON, None), "each is switched by itself"
    assert await settings.change_terms(person, SANDBOX, replace(terms, cap_cents=2_000), Unit.CREDIT)
    await settings.switch_off(person, SANDBOX, Unit.CREDIT)
    assert switch(credits_account(person))[0] is Switch.OFF
    assert_books_balance()


async def test_a_fee_that_rose_is_asked_for_again_and_one_that_fell_is_not(database: str) -> None:
    bank, person = begin()
    card, agreed = save_card(bank, person), replace(TERMS, fee_cents=60)
    await settings.switch_on(person, SANDBOX, card.id, agreed, consent(agreed), MERCHANT)
    with db.transaction(writes=False) as session:
        shown = read_settings(session, person, SANDBOX, bank.connection_id, Surcharge(0, 90)).auto.terms
    assert shown == agreed
    assert not await settings.change_terms(person, SANDBOX, replace(TERMS, fee_cents=90))
    assert await settings.change_terms(person, SANDBOX, replace(TERMS, fee_cents=30))
    assert row(shared_account(person.account_id, SANDBOX)).fee_cents == 30


async def test_what_was_not_read_is_not_agreed_to(database: str) -> None:
    bank, person = begin()
    card = save_card(bank, person)
    with pytest.raises(Refused):
        await settings.switch_on(person, SANDBOX, card.id, TERMS, Consent("Yes.", ""), MERCHANT)
    with pytest.raises(BadField):
        consent_of(MERCHANT, Terms(30 * NANOS, 2_000, 5_000), Unit.USDC)
    with pytest.raises(NotFound):
        await settings.switch_on(make_person("bob@example.org"), SANDBOX, card.id, TERMS, consent(), MERCHANT)


async def test_a_card_of_india_and_a_frozen_wallet_are_refused(database: str) -> None:
    bank, person = begin()
    indian, card = save_card(bank, person, "0008", country="IN"), save_card(bank, person)
    with pytest.raises(Refused, match="country"):
        await settings.switch_on(person, SANDBOX, indian.id, TERMS, consent(), MERCHANT)
    assert [one.may_be_unattended for one in read(bank, person).cards if one.id == indian.id] == [False]
    wallet = switch_on(person, card)
    with pytest.raises(Refused, match="country"):
        await settings.use_card(person, SANDBOX, indian.id)
    with db.transaction() as session:
        open_shared_wallet(session, person.account_id, SANDBOX)
        apply_all(session, freeze(session, wallet.owner, FreezeReason.OPERATOR))
    with pytest.raises(Refused, match="frozen"):
        await settings.switch_on(person, SANDBOX, card.id, TERMS, consent(), MERCHANT)
    assert read(bank, person).is_frozen


async def test_less_needs_no_consent_and_more_does(database: str) -> None:
    bank, person = begin()
    with pytest.raises(NotFound):
        await settings.change_terms(person, SANDBOX, TERMS)
    wallet = switch_on(person, save_card(bank, person))
    less, more = Terms(NANOS, 500, 500), Terms(5 * NANOS, 2_000, 10_001)
    assert not await settings.change_terms(person, SANDBOX, more)
    assert row(wallet).cap_cents == TERMS.cap_cents
    assert await settings.change_terms(person, SANDBOX, less)
    with pytest.raises(BadField):
        await settings.change_terms(person, SANDBOX, Terms(10 * NANOS, 500, 500))
    assert read(bank, person).auto.terms == less


@pytest.mark.unhurried
async def test_each_state_has_what_its_sentence_needs(database: str) -> None:
    bank, person = begin()
    card, topups = save_card(bank, person), topups_of(bank)
    wallet = switch_on(person, card)
    bank.behaves[card.ref] = ChargeState.NEEDS_OWNER
    await topups.fill(wallet.owner)
    waiting = read(bank, person).auto
    assert waiting.state is State.WAITING and waiting.confirm_topup_id is not None and not waiting.is_in_flight
    bank.confirmed("pi_0", GENERIC)
    with db.transaction() as session:
        session.get_one(CardCharge, waiting.confirm_topup_id).next_at = 0
    await topups.sweep()
    paused = read(bank, person).auto
    assert paused.state is State.PAUSED and (paused.next_at or 0) > (paused.declined_at or 0) > 0
    bank.behaves[card.ref] = ChargeState.PAID
    assert await settings.try_now(topups, person, SANDBOX) is Answer.CHARGE
    assert (read(bank, person).auto.state, balance(person)) == (State.NEXT, 2_000)
    assert [charge.outcome for charge in read(bank, person).charges] == [ChargeOutcome.PAID, ChargeOutcome.DECLINED]
    await settings.change_terms(person, SANDBOX, Terms(5 * NANOS, 2_000, 3_000))
    spend_all(person)
    used = read(bank, person).auto
    assert (used.state, used.month_cents, used.is_below) == (State.USED_UP, 2_000, True)
    assert await settings.try_now(topups, person, SANDBOX) is Answer.USED_UP
    await settings.switch_off(person, SANDBOX)
    assert switch(wallet) == (Switch.OFF, OffReason.BY_OWNER)


async def test_another_card_is_used_at_its_owners_word(database: str) -> None:
    bank, person = begin()
    with pytest.raises(NotFound):
        await settings.use_card(person, SANDBOX, save_card(bank, person).id)
    wallet = switch_on(person, save_card(bank, person))
    other = save_card(bank, person, "1111")
    await settings.use_card(person, SANDBOX, other.id)
    assert row(wallet).card_id == other.id
    with pytest.raises(NotFound):
        await settings.use_card(person, SANDBOX, save_card(bank, make_person("bob@example.org")).id)
