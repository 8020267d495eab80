"""What can be withdrawn is unspent USDC and nothing else, once, and never from a frozen wallet."""

import threading

import pytest
from sqlalchemy.exc import IntegrityError

from app import db
from app.domain.errors import BadField, CoinslotError, NotFound, Refused
from app.domain.ids import new_id
from app.domain.ledger.accounts import Kind
from app.domain.ledger.apply import apply_all, apply_one
from app.domain.ledger.folding import read_balance
from app.domain.ledger.operations import Hold, Transfer
from app.domain.money import Environment
from app.domain.payouts import batches, desk, requests, withdrawals
from app.domain.payouts.desk import Seen
from app.domain.payouts.rules import PayoutRules
from app.domain.payouts.tables import Payout, PayoutDesk, PayoutKind, PayoutStatus
from app.domain.payouts.withdrawals import Withdrawal
from app.domain.wallets import freezes
from app.domain.wallets.tables import FreezeReason
from app.domain.wallets.trial import INSTANCE
from tests.support.books import assert_books_balance
from tests.support.paying_out import (
    CHAIN,
    ONE,
    RULES,
    find,
    in_transit,
    make_saver,
    move,
    pay_in,
    spend,
    unspent,
    withdraw,
)

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@on_sqlite
def test_only_what_came_as_usdc_and_is_not_spent_leaves_card_money_is_spent_first(database: str) -> None:
    ada, wallet = make_saver(20 * ONE + 7, card_units=10 * ONE)
    move(Transfer(wallet.beside(Kind.GRANTS, INSTANCE), wallet, 3_000_000_500, "gift"), "gift")
    spend(wallet, 12 * ONE)
    assert unspent(wallet) == 18 * ONE + 7
    with pytest.raises(BadField, match=r"18\.000007 USDC can be paid out now"):
        withdraw(ada, 19 * ONE, "0xAda")
    payout = withdraw(ada, None, "0xAda")
    assert (payout.kind, payout.units, payout.wallet_id) == (PayoutKind.WITHDRAWAL, 18 * ONE + 7, wallet.owner)
    assert in_transit(payout) == payout.units * 1_000 and unspent(wallet) == 0
    with db.transaction(writes=False) as session:
        assert read_balance(session, wallet) == 3_000_000_500  # the gift, which goes to nobody's address
    assert_books_balance()


@on_sqlite
def test_what_a_running_answer_holds_counts_as_spent(database: str) -> None:
    ada, wallet = make_saver(10 * ONE, card_units=2 * ONE)
    with db.transaction() as session:
        apply_one(session, Hold("hold:1", wallet, 5 * ONE * 1_000, 1, 5 * ONE * 1_000, "process"))
    assert unspent(wallet) == 7 * ONE
    assert withdraw(ada, None, "0xAda").units == 7 * ONE


@on_sqlite
def test_the_same_click_withdraws_once_and_too_little_not_at_all(database: str) -> None:
    ada, wallet = make_saver(20 * ONE)
    first, again, other = (withdraw(ada, 6 * ONE, "0xAda", click) for click in ("c1", "c1", "c2"))
    assert first.id == again.id != other.id and unspent(wallet) == 8 * ONE
    with pytest.raises(BadField, match=r"at least 5\.00 USDC"):
        withdraw(ada, 5 * ONE - 1, "0xAda")
    with pytest.raises(BadField, match="nothing in your wallet"), db.transaction() as session:
        withdrawals.request(session, RULES, Withdrawal("acc_none", Environment.SANDBOX, CHAIN, "0xEve", "c1"))
    with pytest.raises(Refused, match="no live money"), db.transaction() as session:
        withdrawals.request(session, RULES, Withdrawal(ada.account_id, Environment.LIVE, CHAIN, "0xAda", "c3"))


@on_sqlite
def test_a_frozen_wallet_gives_nothing_and_large_ones_wait_with_all_others(database: str) -> None:
    rules = PayoutRules(payout_units_max=10 * ONE, day_units_max=15 * ONE)
    ada, wallet = make_saver(90 * ONE)
    assert withdraw(ada, 11 * ONE, "0xAda", rules=rules).status is PayoutStatus.WAITING
    assert withdraw(ada, 9 * ONE, "0xAda", rules=rules).status is PayoutStatus.REQUESTED
    assert withdraw(ada, 9 * ONE, "0xAda", rules=rules).status is PayoutStatus.WAITING
    with db.transaction() as session:
        apply_all(session, freezes.freeze(session, wallet.owner, FreezeReason.OPERATOR))
    assert unspent(wallet) == 0
    with pytest.raises(Refused, match="frozen"):
        withdraw(ada, 5 * ONE, "0xAda")


@on_sqlite
def test_a_large_one_of_a_wallet_that_was_frozen_since_is_not_let_through(database: str) -> None:
    ada, wallet = make_saver(20 * ONE)
    waiting = withdraw(ada, None, "0xAda", rules=PayoutRules(payout_units_max=10 * ONE))
    with db.transaction() as session:
        apply_all(session, freezes.freeze(session, wallet.owner, FreezeReason.DISPUTE, "dp_1"))
    with pytest.raises(Refused, match="is frozen"), db.transaction() as session:
        requests.approve(session, waiting.id, "acc_op")
    assert find(waiting.id).status is PayoutStatus.WAITING
    with db.transaction() as session:
        apply_all(session, freezes.thaw(session, wallet.owner, FreezeReason.DISPUTE, "dp_1"))
        assert requests.approve(session, waiting.id, "acc_op")


@on_sqlite
def test_nothing_is_asked_for_where_nobody_knows_what_was_paid_already(database: str) -> None:
    """A restored backup gives money back to whoever had withdrawn it, until the chain was read: then all is paused."""
    ada, wallet = make_saver(20 * ONE)
    with db.transaction() as session:
        desk.open_desk(session, CHAIN, 7, "0x7")
    withdraw(ada, 5 * ONE, "0xAda")
    with db.transaction() as session:
        session.get_one(PayoutDesk, CHAIN).read_at -= desk.READ_WITHIN + 1
    with pytest.raises(Refused, match="cannot be read"):
        withdraw(ada, 5 * ONE, "0xAda")
    with db.transaction() as session:
        desk.note_read(session, CHAIN, Seen(8, "0x8", 1, 0, 0), [])
        desk.pause(session, CHAIN, "Transfers out of the treasury that are not ours, or are forgotten: 1.")
    with pytest.raises(Refused, match="paused"):
        withdraw(ada, 5 * ONE, "0xAda")
    with db.transaction() as session:
        desk.resume(session, CHAIN)
    assert withdraw(ada, None, "0xAda").units == 15 * ONE and unspent(wallet) == 0


@on_sqlite
def test_what_cannot_be_paid_is_in_the_wallet_again_and_can_be_withdrawn_again(database: str) -> None:
    ada, wallet = make_saver(10 * ONE, card_units=4 * ONE)
    payout = withdraw(ada, None, "0xAda")
    with db.transaction() as session:
        assert requests.withdraw(session, payout.id, "withdrawn")
        batches.note_returned(session, payout.id, "0x1", 7)
    assert (find(payout.id).status, in_transit(payout), unspent(wallet)) == (PayoutStatus.RETURNED, 0, 10 * ONE)
    spend(wallet, 5 * ONE)
    assert withdraw(ada, None, "0xAda").units == 9 * ONE
    assert_books_balance()


@on_sqlite
def test_a_test_payout_may_be_small_and_a_payout_is_of_one_source(database: str) -> None:
    ada, _ = make_saver(2 * ONE)
    tested = withdraw(ada, ONE + 4_321, "0xAda", kind=PayoutKind.TEST)
    assert (tested.paywall_id, tested.units) == (None, ONE + 4_321)
    for wrong in ({"wallet_id": None}, {"kind": PayoutKind.EARNINGS}):
        with pytest.raises(IntegrityError), db.transaction() as session:
            row = session.get_one(Payout, tested.id)
            for name, value in wrong.items():
                setattr(row, name, value)
            session.flush()


@on_sqlite
def test_a_transfer_is_booked_for_no_wallet_whose_owner_never_confirmed_its_address(database: str) -> None:
    _, wallet = make_saver(3 * ONE)
    with db.transaction() as session:
        with pytest.raises(Refused, match="never confirmed 0xAda"):
            withdrawals.moved_for_wallet(session, wallet.owner, "0xAda", CHAIN, ONE)
        with pytest.raises(NotFound):
            withdrawals.moved_for_wallet(session, "wal_none", "0xAda", CHAIN, ONE)


def test_two_who_withdraw_and_one_who_spends_never_have_more_than_there_is(database: str) -> None:
    """Only threads on a real database show that lots, holds and turns are locked in an order that ends."""
    ada, wallet = make_saver(12 * ONE)
    done: list[int] = []

    def withdraws() -> None:
        try:
            done.append(withdraw(ada, 7 * ONE, f"0x{new_id('x')}").units)
        except CoinslotError:
            done.append(0)

    others = [threading.Thread(target=withdraws) for _ in range(2)]
    others.append(threading.Thread(target=pay_in, args=(wallet, 1)))
    for one in others:
        one.start()
    for one in others:
        one.join(30)
    assert sorted(done) == [0, 7 * ONE] and unspent(wallet) == 5 * ONE + 1
    assert_books_balance()
