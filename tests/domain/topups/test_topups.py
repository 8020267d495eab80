"""A top-up is credited once, and only by the payment that it asked for."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from app import db
from app.domain.errors import NotFound
from app.domain.ledger.tables import LedgerTransfer
from app.domain.money import NANOS, Environment, Unit
from app.domain.topups import topups
from app.domain.topups.tables import Topup
from app.domain.topups.topups import PaymentMismatch
from app.domain.wallets.wallets import UserWallet, app_wallet, read_balance
from tests.flows.books import assert_books_balance, make_paywall

PAYMENT: dict[str, Any] = {"amount_nanos": 5 * NANOS, "currency": "USD", "is_live": False}


def begin() -> tuple[UserWallet, str]:
    with db.transaction() as session:
        wallet = app_wallet(make_paywall(session, {}), "ada", Environment.SANDBOX, Unit.USD)
        return wallet, topups.create(session, wallet.account, wallet.paywall_id, "sandbox", "USD", 5 * NANOS)


def balance(wallet: UserWallet) -> int:
    with db.transaction(writes=False) as session:
        return read_balance(session, wallet).posted_nanos


def status(topup_id: str) -> str:
    with db.transaction(writes=False) as session:
        return topups.read(session, topup_id).status


def test_a_payment_credits_once_however_often_it_is_told(database: str) -> None:
    wallet, topup_id = begin()
    assert status(topup_id) == "created"
    for _ in range(3):
        with db.transaction() as session:
            topups.credit(session, topup_id, "pay_1", **PAYMENT)
    assert (balance(wallet), status(topup_id)) == (5 * NANOS, "paid")
    assert_books_balance()


def test_what_is_credited_is_posted_with_both_ids(database: str) -> None:
    wallet, topup_id = begin()
    with db.transaction() as session:
        topups.credit(session, topup_id, "pay_1", **PAYMENT)
    with db.transaction(writes=False) as session:
        posted, stored = session.scalars(select(LedgerTransfer)).one(), session.scalars(select(Topup)).one()
    assert (posted.posting_id, posted.amount, posted.type) == (f"topup:{topup_id}", 5 * NANOS, "topup")
    assert (posted.credit_account_id, posted.details) == (wallet.account.id, {"topup": topup_id, "payment": "pay_1"})
    assert (stored.payment_id, stored.wallet_id, stored.finished_at is None) == ("pay_1", wallet.id, False)


def test_a_top_up_is_seen_as_it_was_asked_for(database: str) -> None:
    wallet, topup_id = begin()
    with db.transaction(writes=False) as session:
        expected = topups.TopupView(topup_id, "created", 5 * NANOS, Unit.USD)
        assert topups.read(session, topup_id, wallet.id) == topups.read(session, topup_id) == expected


def test_two_top_ups_of_one_wallet_are_credited_each(database: str) -> None:
    wallet, first = begin()
    with db.transaction() as session:
        second = topups.create(session, wallet.account, wallet.paywall_id, "sandbox", "USD", 5 * NANOS)
        for topup_id in (first, second, first):
            topups.credit(session, topup_id, f"pay_{topup_id}", **PAYMENT)
    assert balance(wallet) == 10 * NANOS
    assert_books_balance()


def test_a_second_delivery_changes_not_even_the_row(database: str) -> None:
    _, topup_id = begin()

    def deliver() -> dict[str, Any]:
        with db.transaction() as session:
            topups.credit(session, topup_id, "pay_1", **PAYMENT)
            return session.scalars(select(Topup)).one().model_dump()

    assert deliver() == deliver()


def test_a_credit_whose_transaction_fails_can_be_told_again(database: str) -> None:
    wallet, topup_id = begin()
    with pytest.raises(RuntimeError), db.transaction() as session:
        topups.credit(session, topup_id, "pay_1", **PAYMENT)
        raise RuntimeError
    assert (balance(wallet), status(topup_id)) == (0, "created")
    with db.transaction() as session:
        topups.credit(session, topup_id, "pay_1", **PAYMENT)
    assert (balance(wallet), status(topup_id)) == (5 * NANOS, "paid")
    assert_books_balance()


def test_deliveries_at_the_same_time_credit_once(database: str) -> None:
    wallet, topup_id = begin()

    def deliver(_: int) -> None:
        with db.transaction() as session:
            topups.credit(session, topup_id, "pay_1", **PAYMENT)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(deliver, range(8))) == [None] * 8
    assert (balance(wallet), status(topup_id)) == (5 * NANOS, "paid")
    assert_books_balance()


def test_real_money_credits_no_sandbox_wallet_and_play_money_no_live_one(database: str) -> None:
    with db.transaction() as session:
        wallet = app_wallet(make_paywall(session, {}), "ada", Environment.LIVE, Unit.USD)
        topup_id = topups.create(session, wallet.account, wallet.paywall_id, "stripe", "USD", 5 * NANOS)
    with pytest.raises(PaymentMismatch), db.transaction() as session:
        topups.credit(session, topup_id, "pay_1", **PAYMENT)
    assert (balance(wallet), status(topup_id)) == (0, "created")
    with db.transaction() as session:
        topups.credit(session, topup_id, "pay_1", **{**PAYMENT, "is_live": True})
    assert (balance(wallet), status(topup_id)) == (5 * NANOS, "paid")


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount_nanos": 4 * NANOS},
        {"amount_nanos": 6 * NANOS},
        {"amount_nanos": 5 * NANOS - 1},
        {"amount_nanos": 0},
        {"currency": "EUR"},
        {"currency": "usd"},
        {"is_live": True},
    ],
)
def test_a_payment_of_something_else_credits_nothing(database: str, wrong: dict[str, Any]) -> None:
    wallet, topup_id = begin()
    with pytest.raises(PaymentMismatch), db.transaction() as session:
        topups.credit(session, topup_id, "pay_1", **{**PAYMENT, **wrong})
    assert (balance(wallet), status(topup_id)) == (0, "created")
    assert_books_balance()


def test_a_wrong_payment_after_the_right_one_is_told_and_takes_nothing_away(database: str) -> None:
    wallet, topup_id = begin()
    with db.transaction() as session:
        topups.credit(session, topup_id, "pay_1", **PAYMENT)
    with pytest.raises(PaymentMismatch), db.transaction() as session:
        topups.credit(session, topup_id, "pay_2", **{**PAYMENT, "amount_nanos": NANOS})
    assert (balance(wallet), status(topup_id)) == (5 * NANOS, "paid")


def test_a_declined_top_up_can_still_be_paid_and_a_paid_one_stays_paid(database: str) -> None:
    wallet, topup_id = begin()
    with db.transaction() as session:
        topups.fail(session, topup_id, "pay_1")
    assert (balance(wallet), status(topup_id)) == (0, "failed")
    with db.transaction() as session:
        topups.credit(session, topup_id, "pay_2", **PAYMENT)
        topups.fail(session, topup_id, "pay_1")
    assert (balance(wallet), status(topup_id)) == (5 * NANOS, "paid")
    assert_books_balance()


def test_another_wallets_top_up_is_not_found(database: str) -> None:
    _, topup_id = begin()
    other, _ = begin()
    with db.transaction() as session:
        with pytest.raises(NotFound):
            topups.read(session, topup_id, other.id)
        with pytest.raises(NotFound):
            topups.credit(session, "top_none", "pay_1", **PAYMENT)
        with pytest.raises(NotFound):
            topups.fail(session, "top_none", "pay_1")
