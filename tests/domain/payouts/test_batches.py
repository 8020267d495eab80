"""A batch is opened for what the treasury holds, and each payout ends once."""

import pytest

from app import db
from app.domain.errors import NotFound
from app.domain.payouts import batches, listing, requests
from app.domain.payouts.batches import Opened
from app.domain.payouts.rules import PayoutRules
from app.domain.payouts.tables import PayoutStatus
from tests.support.books import assert_books_balance
from tests.support.paying_out import CHAIN, ONE, RULES, ask, ask_many, earned, find, in_transit, make_earner, statuses

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def open_batch(held: int, rules: PayoutRules = RULES) -> Opened:
    with db.transaction() as session:
        return batches.open_batch(session, rules, CHAIN, held, 7)


@pytest.mark.unhurried
@on_sqlite
def test_the_oldest_go_as_far_as_the_money_does(database: str) -> None:
    ask_many(3, 10 * ONE)
    opened = open_batch(25 * ONE)
    assert opened.batch_id is not None and opened.lacking_units == 5 * ONE + 3
    assert statuses() == [PayoutStatus.BATCHED, PayoutStatus.BATCHED, PayoutStatus.REQUESTED]
    # What is in a batch is spoken for, as long as the chain has not decided it.
    assert open_batch(25 * ONE).batch_id is None and open_batch(31 * ONE).batch_id is not None


@on_sqlite
def test_a_large_one_is_not_passed_by(database: str) -> None:
    ask(make_earner(30 * ONE), None, "0xA")
    ask(make_earner(6 * ONE), None, "0xB")
    assert open_batch(20 * ONE) == Opened(None, 16 * ONE)


@on_sqlite
def test_what_waits_for_an_operator_is_in_no_batch(database: str) -> None:
    ask(make_earner(501 * ONE), None, "0xA")
    assert open_batch(10**12) == Opened(None, 0)


@on_sqlite
def test_a_batch_above_its_limit_waits_for_an_operator(database: str) -> None:
    ask_many(3, 10 * ONE)
    rules = PayoutRules(batch_units_max=25 * ONE)
    assert open_batch(20 * ONE, rules).waiting_units == 0
    ask_many(2, 20 * ONE)
    opened = open_batch(10**12, rules)
    assert opened.batch_id is not None and opened.waiting_units == 60 * ONE + 4
    with db.transaction() as session:
        assert [one.is_payable for one in batches.list_open(session, CHAIN)] == [True, False, False, False, False]
        (waiting,) = listing.list_waiting_batches(session, CHAIN)
        assert (waiting.id, waiting.payouts) == (opened.batch_id, 4)
        assert batches.release(session, waiting.id, "acc_op") and not batches.release(session, waiting.id, "acc_op")
        assert listing.list_waiting_batches(session, CHAIN) == []
        assert all(one.is_payable for one in batches.list_open(session, CHAIN))
        with pytest.raises(NotFound):
            batches.release(session, "bat_none", "acc_op")


@on_sqlite
def test_what_an_operator_let_through_does_not_count_for_the_limit_of_a_batch(database: str) -> None:
    large = ask(make_earner(501 * ONE), None, "0xA")
    ask(make_earner(9 * ONE), None, "0xB")
    with db.transaction() as session:
        requests.approve(session, large.id, "acc_op")
    assert open_batch(10**12, PayoutRules(batch_units_max=10 * ONE)).waiting_units == 0
    assert statuses() == [PayoutStatus.BATCHED] * 2


def test_a_payout_ends_once(database: str) -> None:
    payout = ask(make_earner(6 * ONE), None, "0xA")
    with db.transaction() as session:
        assert batches.note_paid(session, payout.id, "0x1", 7) is not None
    with db.transaction() as session:
        assert batches.note_paid(session, payout.id, "0x2", 8) is None
        assert batches.note_returned(session, payout.id, "0x2", 8) is None
        assert not requests.withdraw(session, payout.id, "late")
    assert find(payout.id).paid_by == "0x1" and in_transit(payout) == 0
    assert earned(payout.paywall_id).available_nanos == 0
    assert_books_balance()


@on_sqlite
def test_what_was_taken_back_is_signed_no_more(database: str) -> None:
    payout = ask(make_earner(6 * ONE), None, "0xA")
    open_batch(10 * ONE)
    with db.transaction() as session:
        assert requests.withdraw(session, payout.id, "withdrawn")
        assert not requests.withdraw(session, payout.id, "withdrawn")
        assert not batches.note_signed(session, payout.id, b"s", 1)
        (left,) = batches.list_open(session, CHAIN)
        assert not left.is_payable and batches.has_open(session, CHAIN)
