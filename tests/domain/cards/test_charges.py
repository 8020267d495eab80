"""A charge is a row before anybody hears of it, and ends once, by what the rail said."""

import pytest

from app import db
from app.domain import clock
from app.domain.cards import auto_topup, charges, sums
from app.domain.cards.charges import AlreadyCharging
from app.domain.cards.tables import Card, CardCharge, ChargeOutcome, OffReason, Switch
from app.domain.errors import Refused
from app.domain.ledger.accounts import Account
from app.domain.ledger.apply import apply_all
from app.domain.topups import topups
from app.domain.topups.tables import Topup, TopupKind, TopupStatus
from tests.support.books import assert_books_balance
from tests.support.saved_cards import (
    GENERIC,
    STOLEN,
    card_row,
    claim,
    decline,
    make_person,
    outcomes,
    row,
    save_card,
    switch,
    switch_on,
)


def begin() -> tuple[Account, Card]:
    person = make_person()
    card = save_card("sandbox", person)
    return switch_on(person, card), card


def pay(charge_id: str) -> None:
    """Credits a charge as the one door does."""
    with db.transaction() as session:
        topup = topups.lock(session, "sandbox", charge_id)
        credit = topups.pay(session, topup, f"pay_{charge_id}")
        apply_all(session, [credit, *charges.note_paid(session, topup)])


def topup(charge_id: str) -> Topup:
    with db.transaction(writes=False) as session:
        return session.get_one(Topup, charge_id)


def charge(charge_id: str) -> CardCharge:
    with db.transaction(writes=False) as session:
        return session.get_one(CardCharge, charge_id)


def wait(charge_id: str) -> bool:
    with db.transaction() as session:
        return charges.needs_owner(session, charge_id, "pi_1")


def take(charge_id: str, **how: bool) -> charges.ChargeView | None:
    with db.transaction() as session:
        return charges.take(session, charge_id, **how)


@pytest.mark.unhurried
def test_a_claim_is_counted_in_its_month_and_on_its_card(database: str) -> None:
    wallet, card = begin()
    first = claim(wallet, card)
    assert (topup(first).kind, topup(first).n, topup(first).status) == (TopupKind.AUTO, 1, TopupStatus.CREATED)
    assert card_row(card).attempts == 1
    pay(first)
    second = claim(wallet, card)
    assert topup(second).n == 2 and topup(second).month == topup(first).month
    with db.transaction(writes=False) as session:
        assert sums.month_cents(session, wallet.owner, topup(first).month or "") == 4_000
        assert sums.count_since(session, wallet.owner, 0) == 2
        assert charges.list_due(session, 9) == [second]
    assert_books_balance()


def test_one_is_in_flight_whoever_asks(database: str) -> None:
    wallet, card = begin()
    claim(wallet, card)
    for kind in (TopupKind.AUTO, TopupKind.CARD):
        with pytest.raises(AlreadyCharging):
            claim(wallet, card, kind=kind)
    assert outcomes(wallet) == [ChargeOutcome.OPEN] and card_row(card).attempts == 1


def test_a_card_that_is_gone_is_not_claimed(database: str) -> None:
    wallet, card = begin()
    with db.transaction() as session:
        session.get_one(Card, card.id).removed_at = 1
    with pytest.raises(Refused):
        claim(wallet, card)


def test_a_paid_charge_ends_and_its_card_begins_anew(database: str) -> None:
    wallet, card = begin()
    decline(claim(wallet, card))
    paid = claim(wallet, card)
    pay(paid)
    assert outcomes(wallet) == [ChargeOutcome.DECLINED, ChargeOutcome.PAID]
    assert (card_row(card).attempts, card_row(card).attempts_since, switch(wallet)[0]) == (0, None, Switch.ON)
    assert take(paid) is None


def test_a_no_pauses_longer_each_time_and_stops_after_the_fourth(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wallet, card = begin()
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    for hours in (1, 6, 24):
        decline(claim(wallet, card))
        assert (row(wallet).switch, row(wallet).next_at) == (Switch.PAUSED, now + hours * 3_600 * clock.SECOND)
    decline(claim(wallet, card))
    assert switch(wallet) == (Switch.OFF, OffReason.DECLINES)


def test_a_hard_no_stops_at_once(database: str) -> None:
    wallet, card = begin()
    charge_id = claim(wallet, card)
    decline(charge_id, STOLEN)
    assert switch(wallet) == (Switch.OFF, OffReason.HARD_DECLINE)
    assert charge(charge_id).decline_code == "stolen_card" and topup(charge_id).status is TopupStatus.EXPIRED
    decline(charge_id, GENERIC)  # said again, it changes nothing
    assert switch(wallet) == (Switch.OFF, OffReason.HARD_DECLINE) and card_row(card).attempts == 1


def test_a_banks_wish_is_no_decline_and_waits_a_day(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wallet, card = begin()
    charge_id = claim(wallet, card)
    assert wait(charge_id) and not wait(charge_id)
    assert (switch(wallet)[0], card_row(card).attempts, charge(charge_id).payment_ref) == (Switch.ON, 0, "pi_1")
    view = take(charge_id)
    assert view is not None and not view.is_unwanted
    later = clock.now() + clock.DAY
    monkeypatch.setattr(clock, "now", lambda: later)
    view = take(charge_id)
    assert view is not None and view.is_unwanted
    with db.transaction() as session:
        charges.cancel(session, charge_id)
        charges.cancel(session, charge_id)
    assert outcomes(wallet) == [ChargeOutcome.CANCELLED] and card_row(card).attempts == 0


def test_a_no_after_the_confirmation_counts(database: str) -> None:
    wallet, card = begin()
    charge_id = claim(wallet, card)
    wait(charge_id)
    decline(charge_id)
    assert (switch(wallet)[0], card_row(card).attempts) == (Switch.PAUSED, 1)


def test_what_waits_is_unwanted_once_the_wallet_was_paid_into(database: str) -> None:
    wallet, card = begin()
    charge_id = claim(wallet, card)
    wait(charge_id)
    with db.transaction() as session:
        other = topups.create(session, topups.NewTopup(wallet, "sandbox", "USD", 500, 5 * 10**9))
    pay(other)
    view = take(charge_id)
    assert view is not None and view.is_unwanted and charge(charge_id).unwanted_at is not None
    pay(charge_id)  # its owner had confirmed it before: both are credited
    assert outcomes(wallet) == [ChargeOutcome.PAID]
    assert_books_balance()


def test_what_was_switched_off_is_wanted_no_more(database: str) -> None:
    wallet, card = begin()
    charge_id = claim(wallet, card)
    wait(charge_id)
    with db.transaction() as session:
        apply_all(session, auto_topup.switch_off(session, wallet.owner, OffReason.BY_OWNER))
    view = take(charge_id)
    assert view is not None and view.is_unwanted


def test_one_caller_at_a_time_has_a_charge_and_later_each_time(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wallet, card = begin()
    charge_id, start = claim(wallet, card), clock.now()
    first = take(charge_id, is_due=True)
    assert first is not None and (first.calls, first.paid_cents, first.card_ref) == (1, 2_000, card.ref)
    assert take(charge_id, is_due=True) is None
    monkeypatch.setattr(clock, "now", lambda: start + 40 * clock.SECOND)
    second = take(charge_id, is_due=True)
    assert second is not None and second.calls == 2 and take(charge_id, is_due=True) is None


def test_its_age_is_the_rails_and_counts_from_its_first_word(database: str) -> None:
    wallet, card = begin()
    charge_id = claim(wallet, card)
    with db.transaction() as session:
        assert charges.note_seen(session, charge_id, None, None) is None
        assert charges.note_seen(session, charge_id, None, 10 * clock.SECOND) == 0
        assert charges.note_seen(session, charge_id, "pi_1", 90_010 * clock.SECOND) == 90_000
        assert charges.note_seen(session, charge_id, "pi_2", None) is None
        charges.note_error(session, charge_id, "x" * 900)
        charges.note_error(session, "top_none", "x")
    assert charge(charge_id).payment_ref == "pi_1" and len(charge(charge_id).last_error or "") == 300


def test_a_void_charge_is_no_decline_and_is_paid_if_the_money_comes(database: str) -> None:
    wallet, card = begin()
    charge_id = claim(wallet, card)
    with db.transaction() as session:
        charges.void(session, charge_id, "nobody knows it")
    assert (outcomes(wallet), card_row(card).attempts, switch(wallet)[0]) == ([ChargeOutcome.VOID], 0, Switch.ON)
    pay(charge_id)
    assert (outcomes(wallet), topup(charge_id).status) == ([ChargeOutcome.PAID], TopupStatus.PAID)
    assert_books_balance()


def test_a_number_of_a_month_is_given_once(database: str) -> None:
    wallet, card = begin()
    month = topup(claim(wallet, card)).month or ""
    with db.transaction(writes=False) as session:
        assert [sums.free_n(session, wallet.owner, month, n) for n in (1, 2, 7, 0)] == [2, 2, 7, 2]
        assert sums.next_n(session, wallet.owner, "2020-01") == 1
