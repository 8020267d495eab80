"""One charge moves money once: cut, lost, repeated, forgotten by the rail, or confirmed by its owner in the end."""

import asyncio

import pytest

from app import db
from app.domain import clock
from app.domain.cards.tables import Card, CardCharge, ChargeOutcome, OffReason, Switch
from app.domain.errors import CoinslotError, Unavailable
from app.domain.inbox import access
from app.domain.ledger.accounts import Account
from app.domain.people.sessions import Person
from app.ports.cards import ChargeState
from app.ports.rail_errors import KeyRefused
from tests.support.books import assert_books_balance
from tests.support.paying import away, open_bank
from tests.support.saved_cards import (
    GENERIC,
    STOLEN,
    CardBank,
    balance,
    card_row,
    charging_of,
    claim,
    make_person,
    outcomes,
    save_card,
    switch,
    switch_on,
)


class Clock:
    """The tests' time, which is the rail's as well."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = clock.now()
        monkeypatch.setattr(clock, "now", lambda: self.now)

    def wait(self, seconds: int) -> None:
        self.now += seconds * clock.SECOND


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def begin() -> tuple[CardBank, Person, Card, Account]:
    bank, person = CardBank(open_bank().connection_id), make_person()
    card = save_card(bank, person)
    return bank, person, card, switch_on(person, card)


def go_on(bank: CardBank, charge_id: str, *, is_due: bool = False) -> CoinslotError | None:
    """Goes on with a charge as a process that has just begun does; returns what went wrong."""

    async def alone() -> CoinslotError | None:
        try:
            await charging_of(bank).go_on(charge_id, is_due=is_due)
        except CoinslotError as error:
            return error
        return None

    return asyncio.run(alone())


def charge(charge_id: str) -> CardCharge:
    with db.transaction(writes=False) as session:
        return session.get_one(CardCharge, charge_id)


def test_a_charge_that_pays_is_credited_once(database: str) -> None:
    bank, person, card, wallet = begin()
    charge_id = claim(wallet, card)
    for _ in range(3):
        assert go_on(bank, charge_id) is None
    assert (balance(person), len(bank.made), outcomes(wallet)) == (2_000, 1, [ChargeOutcome.PAID])
    (order,) = bank.orders
    assert order.marks.topup_id == charge_id and (order.marks.kind, order.marks.n) == ("auto", 1)
    assert order.marks.paid_cents == 2_000 and order.card_ref == card.ref
    assert_books_balance()


@pytest.mark.unhurried
def test_an_answer_that_was_lost_is_found_and_charged_once(database: str, at: Clock) -> None:
    """Acceptance 5: the call times out after the rail charged; whoever asks again, and when, it is one charge."""
    bank, person, card, wallet = begin()
    charge_id = claim(wallet, card)
    bank.loses = 1
    assert isinstance(go_on(bank, charge_id), Unavailable)
    assert outcomes(wallet) == [ChargeOutcome.OPEN] and charge(charge_id).last_error == "The answer was lost."
    bank.faults = [away()]
    at.wait(60)
    assert go_on(bank, charge_id, is_due=True) is not None
    at.wait(12 * 3_600 - 61)
    assert go_on(bank, charge_id, is_due=True) is None
    assert (balance(person), len(bank.made), len(bank.orders)) == (2_000, 1, 1)
    assert_books_balance()


def test_a_charge_is_found_though_its_key_is_forgotten(database: str, at: Clock) -> None:
    bank, person, card, wallet = begin()
    charge_id = claim(wallet, card)
    bank.loses = 1
    go_on(bank, charge_id)
    at.wait(25 * 3_600)
    assert go_on(bank, charge_id, is_due=True) is None
    assert (balance(person), len(bank.made)) == (2_000, 1)


@pytest.mark.unhurried
def test_a_rail_that_was_away_for_days_has_told_no_time_and_is_asked_when_it_is_back(database: str, at: Clock) -> None:
    bank, person, card, wallet = begin()
    charge_id = claim(wallet, card)
    for _ in range(30):
        bank.faults = [away()]
        go_on(bank, charge_id, is_due=True)
        at.wait(3_601)
    assert (outcomes(wallet), bank.made) == ([ChargeOutcome.OPEN], {})
    assert go_on(bank, charge_id, is_due=True) is None
    assert outcomes(wallet) == [ChargeOutcome.PAID] and balance(person) == 2_000


@pytest.mark.unhurried
def test_a_call_that_fails_for_25_hours_after_it_was_listed_is_void(
    database: str, at: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank, person, card, wallet = begin()
    charge_id = claim(wallet, card)

    async def fails(order: object) -> object:
        raise Unavailable("Too much to do.")

    monkeypatch.setattr(bank, "charge", fails)
    for _ in range(60):
        go_on(bank, charge_id, is_due=True)
        at.wait(1_801)
    assert outcomes(wallet) == [ChargeOutcome.VOID] and bank.made == {}
    assert (card_row(card).attempts, switch(wallet)[0], balance(person)) == (0, Switch.ON, 0)  # no decline


def test_a_key_that_is_refused_is_no_decline(database: str) -> None:
    bank, _, card, wallet = begin()
    charge_id = claim(wallet, card)
    bank.faults = [KeyRefused("The key is gone.")]
    assert isinstance(go_on(bank, charge_id), KeyRefused)
    assert (outcomes(wallet), switch(wallet)[0]) == ([ChargeOutcome.OPEN], Switch.ON)


def test_a_key_that_is_refused_for_good_keeps_no_wallet_from_the_next_charge(database: str, at: Clock) -> None:
    bank, person, card, wallet = begin()
    charge_id, bank.loses = claim(wallet, card), 1
    assert isinstance(go_on(bank, charge_id), Unavailable)

    def refused() -> CoinslotError | None:
        bank.faults = [KeyRefused("The key is gone.")]
        return go_on(bank, charge_id)

    at.wait(26 * 3_600)
    assert isinstance(refused(), KeyRefused), "another key of the same account may come"
    with db.transaction() as session:
        access.disconnect(session, bank.connection_id)
    assert refused() is None
    assert outcomes(wallet) == [ChargeOutcome.VOID]
    asyncio.run(charging_of(bank).door.receive(bank.connection_id, "late", "pi_0"))
    assert balance(person) == 2_000, "what was charged all the same is credited"
    assert_books_balance()


def test_a_no_is_kept_with_its_reason(database: str) -> None:
    bank, _, card, wallet = begin()
    bank.behaves[card.ref] = GENERIC
    charge_id = claim(wallet, card)
    assert go_on(bank, charge_id) is None
    assert (outcomes(wallet), switch(wallet)[0]) == ([ChargeOutcome.DECLINED], Switch.PAUSED)
    assert (charge(charge_id).decline_code, charge(charge_id).payment_ref) == ("generic_decline", "pi_0")


def test_a_stolen_card_stops_after_one(database: str) -> None:
    bank, _, card, wallet = begin()
    bank.behaves[card.ref] = STOLEN
    go_on(bank, claim(wallet, card))
    assert switch(wallet) == (Switch.OFF, OffReason.HARD_DECLINE) and len(bank.made) == 1


def test_a_card_that_the_rail_has_lost_is_removed_and_charges_nothing_more(database: str) -> None:
    bank, _, card, wallet = begin()
    bank.gone.add(card.ref)
    go_on(bank, claim(wallet, card))
    assert (outcomes(wallet), switch(wallet)) == ([ChargeOutcome.VOID], (Switch.OFF, OffReason.CARD_REMOVED))
    assert card_row(card).removed_at is not None


@pytest.mark.unhurried
def test_what_waits_for_its_owner_is_cancelled_after_a_day_and_is_no_decline(database: str, at: Clock) -> None:
    bank, person, card, wallet = begin()
    bank.behaves[card.ref] = ChargeState.NEEDS_OWNER
    charge_id = claim(wallet, card)
    go_on(bank, charge_id)
    for _ in range(23):
        at.wait(3_600)
        go_on(bank, charge_id, is_due=True)
        assert outcomes(wallet) == [ChargeOutcome.WAITS]
    at.wait(3_700)
    go_on(bank, charge_id, is_due=True)
    assert (outcomes(wallet), bank.made["pi_0"].state) == ([ChargeOutcome.CANCELLED], ChargeState.CANCELLED)
    assert (switch(wallet)[0], card_row(card).attempts, balance(person)) == (Switch.ON, 0, 0)


@pytest.mark.unhurried
def test_what_its_owner_confirmed_is_credited_and_what_the_bank_then_refuses_is_a_no(database: str) -> None:
    bank, person, card, wallet = begin()
    bank.behaves[card.ref] = ChargeState.NEEDS_OWNER
    first = claim(wallet, card)
    go_on(bank, first)
    bank.confirmed("pi_0")
    go_on(bank, first)
    assert (balance(person), outcomes(wallet)) == (2_000, [ChargeOutcome.PAID])
    second = claim(wallet, card)
    go_on(bank, second)
    bank.confirmed("pi_1", GENERIC)
    go_on(bank, second)
    assert (balance(person), outcomes(wallet)[1], switch(wallet)[0]) == (2_000, ChargeOutcome.DECLINED, Switch.PAUSED)
    assert_books_balance()


@pytest.mark.unhurried
def test_a_charge_that_has_ended_is_left_alone(database: str) -> None:
    bank, _, card, wallet = begin()
    charge_id = claim(wallet, card)
    go_on(bank, charge_id)
    calls = bank.calls
    assert go_on(bank, charge_id) is None and go_on(bank, "top_none") is None
    assert bank.calls == calls
