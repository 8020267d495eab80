"""A top-up is credited once, and only by the payment that it asked for at the connection that made it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app import db
from app.domain.errors import NotFound
from app.domain.inbox.connections import open_connection
from app.domain.ledger.apply import apply_one
from app.domain.ledger.tables import LedgerTransfer
from app.domain.money import NANOS, Environment, Unit, nanos_of_cents
from app.domain.topups import topups
from app.domain.topups.tables import Topup, TopupStatus
from app.domain.topups.topups import NewTopup, NotOurs, PaidPayment, Verdict
from app.domain.wallets.wallets import UserWallet, app_wallet, read_balance
from tests.support.books import assert_books_balance, make_paywall

PAYMENT = PaidPayment("pay_1", "sandbox", "", 500, "USD", is_live=False)


def begin() -> tuple[UserWallet, str]:
    with db.transaction() as session:
        wallet = app_wallet(make_paywall(session, {}), "ada", Environment.SANDBOX, Unit.USD)
        return wallet, open_topup(session, wallet)


def open_topup(session: db.Session, wallet: UserWallet, connection_id: str = "sandbox", **changed: Any) -> str:
    new = NewTopup(wallet.account, connection_id, "USD", 500, 5 * NANOS, None, wallet.paywall_id)
    return topups.create(session, replace(new, **changed))


def tell(topup_id: str, **changed: Any) -> Verdict:
    """Does with a paid payment what the one door does with one that needs no refund."""
    with db.transaction() as session:
        return judge(session, topup_id, **changed)


def judge(session: db.Session, topup_id: str, **changed: Any) -> Verdict:
    payment = replace(PAYMENT, topup_id=topup_id, **changed)
    topup = topups.lock(session, payment.connection_id, topup_id)
    verdict = topups.judge(topup, payment)
    if verdict is Verdict.CREDITS:
        apply_one(session, topups.pay(session, topup, payment.id))
    return verdict


def balance(wallet: UserWallet) -> int:
    with db.transaction(writes=False) as session:
        return read_balance(session, wallet).posted_nanos


def status(topup_id: str) -> str:
    with db.transaction(writes=False) as session:
        return topups.read(session, topup_id).status


def test_a_payment_credits_once_however_often_it_is_told(database: str) -> None:
    wallet, topup_id = begin()
    assert status(topup_id) == "created"
    assert [tell(topup_id) for _ in range(3)] == [Verdict.CREDITS, Verdict.KNOWN, Verdict.KNOWN]
    assert (balance(wallet), status(topup_id)) == (5 * NANOS, "paid")
    assert_books_balance()


def test_what_is_credited_is_posted_with_both_ids_from_its_own_connections_world(database: str) -> None:
    with db.transaction() as session:
        wallet = app_wallet(make_paywall(session, {}), "ada", Environment.SANDBOX, Unit.USD)
        connection = open_connection(session, "emulated", Environment.SANDBOX)
        topup_id = open_topup(session, wallet, connection.id)
    tell(topup_id, connection_id=connection.id)
    with db.transaction(writes=False) as session:
        posted, stored = session.scalars(select(LedgerTransfer)).one(), session.scalars(select(Topup)).one()
    assert (posted.posting_id, posted.amount, posted.type) == (f"topup:{topup_id}", 5 * NANOS, "topup")
    assert posted.debit_account_id == f"sandbox:USD:world:{connection.id}"
    assert (posted.credit_account_id, posted.details) == (wallet.account.id, {"topup": topup_id, "payment": "pay_1"})
    assert (stored.payment_id, stored.wallet_id, stored.finished_at is None) == ("pay_1", wallet.id, False)


def test_what_is_paid_and_what_is_credited_are_two_amounts(database: str) -> None:
    """A fee is added to what is paid, never to what is credited; credits are 100 a dollar."""
    with db.transaction() as session:
        wallet = app_wallet(make_paywall(session, {}), "ada", Environment.SANDBOX, Unit.USD)
        credits = replace(wallet, account=replace(wallet.account, unit=Unit.CREDIT))
        with_fee = open_topup(session, wallet, paid_cents=530)
        as_credits = open_topup(session, credits, credited_nanos=nanos_of_cents(500, Unit.CREDIT))
    assert tell(with_fee) is Verdict.MISMATCH
    assert tell(with_fee, paid_cents=530) is Verdict.CREDITS
    assert balance(wallet) == 5 * NANOS
    assert tell(as_credits, id="pay_2") is Verdict.CREDITS
    assert balance(credits) == 500 * NANOS
    assert_books_balance()


def test_a_top_up_is_seen_as_it_was_asked_for(database: str) -> None:
    wallet, topup_id = begin()
    with db.transaction(writes=False) as session:
        expected = topups.TopupView(topup_id, TopupStatus.CREATED, 5 * NANOS, Unit.USD)
        assert topups.read(session, topup_id, wallet.id) == topups.read(session, topup_id) == expected


def test_two_top_ups_of_one_wallet_are_credited_each(database: str) -> None:
    wallet, first = begin()
    with db.transaction() as session:
        second = open_topup(session, wallet)
    for topup_id in (first, second, first):
        tell(topup_id, id=f"pay_{topup_id}")
    assert balance(wallet) == 10 * NANOS
    assert_books_balance()


@pytest.mark.unhurried
def test_one_payment_is_never_kept_for_two_top_ups(database: str) -> None:
    wallet, first = begin()
    with db.transaction() as session:
        second = open_topup(session, wallet)
    tell(first)
    with pytest.raises(IntegrityError):
        tell(second)
    with db.transaction(writes=False) as session:
        assert topups.find_credited(session, "sandbox", "pay_1") == first
        assert topups.find_credited(session, "sandbox", "pay_2") is None
    assert (balance(wallet), status(second)) == (5 * NANOS, "created")
    assert_books_balance()


def test_a_second_delivery_changes_not_even_the_row(database: str) -> None:
    _, topup_id = begin()

    def deliver() -> dict[str, Any]:
        tell(topup_id)
        with db.transaction() as session:
            return session.scalars(select(Topup)).one().model_dump()

    assert deliver() == deliver()


def test_a_credit_whose_transaction_fails_can_be_told_again(database: str) -> None:
    wallet, topup_id = begin()
    with pytest.raises(RuntimeError), db.transaction() as session:
        judge(session, topup_id)
        raise RuntimeError
    assert (balance(wallet), status(topup_id)) == (0, "created")
    tell(topup_id)
    assert (balance(wallet), status(topup_id)) == (5 * NANOS, "paid")
    assert_books_balance()


def test_deliveries_at_the_same_time_credit_once(database: str) -> None:
    wallet, topup_id = begin()
    with ThreadPoolExecutor(4) as pool:
        verdicts = list(pool.map(lambda _: tell(topup_id), range(8)))
    assert sorted(verdicts) == [Verdict.CREDITS] + [Verdict.KNOWN] * 7
    assert (balance(wallet), status(topup_id)) == (5 * NANOS, "paid")
    assert_books_balance()


def test_real_money_credits_no_sandbox_wallet_and_play_money_no_live_one(database: str) -> None:
    with db.transaction() as session:
        wallet = app_wallet(make_paywall(session, {}), "ada", Environment.LIVE, Unit.USD)
        topup_id = open_topup(session, wallet)
    with pytest.raises(NotOurs):
        tell(topup_id)
    assert (balance(wallet), status(topup_id)) == (0, "created")
    tell(topup_id, is_live=True)
    assert (balance(wallet), status(topup_id)) == (5 * NANOS, "paid")


@pytest.mark.parametrize(
    "wrong", [{"paid_cents": 499}, {"paid_cents": 501}, {"paid_cents": 5}, {"currency": "EUR"}, {"currency": "usd"}]
)
def test_a_payment_of_something_else_credits_nothing_and_goes_back(database: str, wrong: dict[str, Any]) -> None:
    wallet, topup_id = begin()
    assert tell(topup_id, **wrong) is Verdict.MISMATCH
    assert (balance(wallet), status(topup_id)) == (0, "created")
    assert tell(topup_id, id="pay_2") is Verdict.CREDITS
    assert tell(topup_id, **wrong) is Verdict.SECOND
    assert balance(wallet) == 5 * NANOS
    assert_books_balance()


def test_only_the_connection_that_made_a_top_up_can_credit_it(database: str) -> None:
    wallet, topup_id = begin()
    with db.transaction() as session:
        others = [open_connection(session, rail, Environment.SANDBOX).id for rail in ("sandbox", "stripe")]
    for connection_id in (*others, "con_none"):
        with pytest.raises(NotOurs, match=topup_id):
            tell(topup_id, connection_id=connection_id)
    with db.transaction() as session, pytest.raises(NotOurs):
        topups.judge(topups.lock(session, "sandbox", topup_id), replace(PAYMENT, connection_id=others[0]))
    assert (balance(wallet), status(topup_id)) == (0, "created")
    assert_books_balance()


def test_what_was_discounted_to_nothing_moves_nothing(database: str) -> None:
    wallet, topup_id = begin()
    with pytest.raises(NotOurs):
        tell(topup_id, paid_cents=0)
    tell(topup_id)
    with pytest.raises(NotOurs):
        tell(topup_id, id="pay_2", paid_cents=0)
    assert balance(wallet) == 5 * NANOS


def test_the_payment_that_credited_is_never_taken_for_a_wrong_one(database: str) -> None:
    wallet, topup_id = begin()
    tell(topup_id)
    assert [tell(topup_id, **{name: value}) for name, value in (("paid_cents", 1), ("currency", "EUR"))] == [
        Verdict.KNOWN
    ] * 2
    assert [tell(topup_id, id="pay_2"), tell(topup_id, id="pay_2", paid_cents=1)] == [Verdict.SECOND] * 2
    assert (balance(wallet), status(topup_id)) == (5 * NANOS, "paid")


def test_an_expired_top_up_can_still_be_paid_and_a_paid_one_stays_paid(database: str) -> None:
    wallet, topup_id = begin()

    def expire() -> str:
        with db.transaction() as session:
            topups.expire(session, topups.lock(session, "sandbox", topup_id))
        return status(topup_id)

    assert (expire(), balance(wallet)) == ("expired", 0)
    assert tell(topup_id) is Verdict.CREDITS
    assert (expire(), balance(wallet)) == ("paid", 5 * NANOS)
    assert_books_balance()


def test_another_wallets_top_up_is_not_found(database: str) -> None:
    _, topup_id = begin()
    other, _ = begin()
    with db.transaction() as session:
        with pytest.raises(NotFound):
            topups.read(session, topup_id, other.id)
        for unknown in ("top_none", "", "\x00"):
            with pytest.raises(NotFound):
                topups.lock(session, "sandbox", unknown)
        topups.note_checkout(session, "top_none", "cs_1")


def test_a_checkout_is_kept_with_its_top_up(database: str) -> None:
    _, topup_id = begin()
    with db.transaction() as session:
        topups.note_checkout(session, topup_id, "cs_1")
        assert session.get_one(Topup, topup_id).checkout_id == "cs_1"


@pytest.mark.parametrize(
    "wrong", [{"paid_cents": 0}, {"credited_nanos": 0}, {"paid_cents": -1}, {"connection_id": "x"}]
)
def test_the_database_refuses_a_top_up_of_nothing_or_of_no_connection(database: str, wrong: dict[str, Any]) -> None:
    wallet, _ = begin()
    with pytest.raises(IntegrityError), db.transaction() as session:
        open_topup(session, wallet, **{"connection_id": "sandbox", **wrong})
