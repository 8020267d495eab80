"""A top-up is credited once, and only by the payment that it asked for."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.dialects import postgresql, sqlite

from app import db
from app.domain.errors import NotFound
from app.domain.ledger.tables import LedgerTransfer
from app.domain.money import NANOS, Environment, Unit
from app.domain.topups import topups
from app.domain.topups.tables import Topup, TopupStatus
from app.domain.topups.topups import PaidFilter, PaymentMismatch, list_paid, page_statement
from app.domain.wallets.wallets import UserWallet, app_wallet, read_balance
from tests.support.books import assert_books_balance, make_paywall

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
        expected = topups.TopupView(topup_id, TopupStatus.CREATED, 5 * NANOS, Unit.USD)
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


def paid(session: db.Session, paywall_id: str, user: str, payment: str) -> str:
    account = app_wallet(paywall_id, user, Environment.SANDBOX, Unit.USD).account
    topup_id = topups.create(session, account, paywall_id, "sandbox", "USD", 5 * NANOS, user)
    topups.credit(session, topup_id, payment, **PAYMENT)
    return topup_id


def test_a_paywall_lists_the_paid_top_ups_that_its_links_began(database: str) -> None:
    with db.transaction() as session:
        paywall_id, other = make_paywall(session, {}), make_paywall(session, {})
        made = [paid(session, paywall_id, user, f"pay_{user}") for user in ("ada", "bob", "cem")]
        paid(session, other, "ada", "pay_other")
        topups.create(session, app_wallet(paywall_id, "ada", Environment.SANDBOX, Unit.USD).account, paywall_id,
                      "sandbox", "USD", 5 * NANOS, "ada")  # fmt: skip
        found: list[Topup] = []
        while page := list_paid(session, paywall_id, PaidFilter(), (found[-1].finished_at or 0, found[-1].id)
                                if found else None, 2):  # fmt: skip
            found += page
        assert sorted(topup.id for topup in found) == sorted(made)
        assert [topup.finished_at for topup in found] == sorted((t.finished_at or 0 for t in found), reverse=True)
        at = found[0].finished_at or 0
        assert [topup.external_id for topup in list_paid(session, paywall_id, PaidFilter("bob"), None, 9)] == ["bob"]
        assert list_paid(session, paywall_id, PaidFilter(since=at + 1), None, 9) == []
        assert found[0] in list_paid(session, paywall_id, PaidFilter(since=at, until=at + 1), None, 9)


def test_the_list_of_top_ups_scans_nothing(database: str) -> None:
    with db.transaction() as session:
        dialect = sqlite.dialect() if db.is_sqlite() else postgresql.dialect()  # type: ignore[no-untyped-call]
        statement = page_statement("pw_1", PaidFilter("ada", 1, 2), (3, "top_1"), 20)
        written = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        explain = "EXPLAIN QUERY PLAN " if db.is_sqlite() else "EXPLAIN "
        plan = "\n".join(str(row[-1]) for row in session.execute(text(explain + written)))
    assert "ix_topup_paywall" in plan and "SORT" not in plan.upper(), plan
