"""A top-up is credited once, and only by the payment that it asked for."""

from typing import Any

import pytest

from app import db
from app.domain.errors import NotFound
from app.domain.money import NANOS, Environment, Unit
from app.domain.topups import topups
from app.domain.topups.topups import PaymentMismatch
from app.domain.wallets.wallets import AppWallet, app_wallet, read_balance
from tests.flows.books import assert_books_balance, make_paywall

PAYMENT: dict[str, Any] = {"amount_nanos": 5 * NANOS, "currency": "USD", "is_live": False}


def begin() -> tuple[AppWallet, str]:
    with db.transaction() as session:
        wallet = app_wallet(make_paywall(session, {}), "ada", Environment.SANDBOX, Unit.USD)
        return wallet, topups.create(session, wallet, "sandbox", "USD", 5 * NANOS)


def balance(wallet: AppWallet) -> int:
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


@pytest.mark.parametrize(
    "wrong", [{"amount_nanos": 4 * NANOS}, {"amount_nanos": 6 * NANOS}, {"currency": "EUR"}, {"is_live": True}]
)
def test_a_payment_of_something_else_credits_nothing(database: str, wrong: dict[str, Any]) -> None:
    wallet, topup_id = begin()
    with pytest.raises(PaymentMismatch), db.transaction() as session:
        topups.credit(session, topup_id, "pay_1", **{**PAYMENT, **wrong})
    assert (balance(wallet), status(topup_id)) == (0, "created")


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
