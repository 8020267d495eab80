"""What Stripe did with money by itself reaches the books once, and every cent that differs is named."""

from collections import Counter

import pytest
from sqlalchemy import text

from app import db
from app.domain.ledger.accounts import Kind
from app.domain.money import CENT_NANOS, Unit
from app.domain.movements.movements import fees_of
from app.domain.topups.surcharge import Surcharge
from tests.support.books import assert_books_balance, make_snapshot
from tests.support.paying import posted, world_cents
from tests.support.reconciling import Books, Month, reconciling
from tests.support.stripe_bank import StripeBank

pytestmark = pytest.mark.plain_sql

MONTH = Month(topups=120, refunds=8, disputes=4, payouts=2)


def fees(books: Books, unit: Unit = Unit.USD) -> int:
    """Returns what the ledger says that the rail kept, in cents."""
    statement = text("""
        SELECT coalesce(sum(CASE WHEN credit_account_id = :world THEN amount ELSE -amount END), 0)
        FROM ledger_transfer WHERE :fees IN (debit_account_id, credit_account_id)
            AND :world IN (debit_account_id, credit_account_id)
    """)
    account = fees_of(books.connection, unit)
    world = account.beside(Kind.WORLD, books.connection.id)
    with db.transaction(writes=False) as session:
        found = session.execute(statement, {"world": world.id, "fees": account.id}).scalar_one()
    return int(found) // CENT_NANOS


@pytest.mark.unhurried
async def test_a_fee_is_posted_once_and_the_sums_agree(database: str, stripe_bank: StripeBank) -> None:
    snapshot = make_snapshot()
    async with reconciling(stripe_bank.account()) as books:
        await books.pay(snapshot, "ada", 2_000)
        assert await books.keeper.read(books.connection) == 0
        assert books.compared().differs_cents == -2_000, "its movement is known three seconds later"
        stripe_bank.advance(4)
        assert [await books.keeper.read(books.connection) for _ in range(3)] == [1, 0, 0]
        assert (fees(books), world_cents(books.connection.id), posted(snapshot)) == (88, 1_912, 2_000)
        found = books.compared()
        assert (found.differs_cents, found.balance_cents, found.differs_since) == (0, 1_912, None)
    assert_books_balance()


@pytest.mark.unhurried
async def test_what_others_do_with_the_account_stands_beside_the_ledger(
    migrated_sqlite_url: str, stripe_bank: StripeBank
) -> None:
    snapshot = make_snapshot()
    async with reconciling(stripe_bank.account()) as books:
        books.shop.do("foreign", count=3, cents=1_000)
        await books.pay(snapshot, "ada", 5_000)
        stripe_bank.advance(4)
        await books.keeper.read(books.connection)
        books.shop.do("payout", cents=700)
        books.shop.do("movement", cents=-1, kind="stripe_fee")
        await books.keeper.read(books.connection)
        found = books.compared()
        assert (found.differs_cents, found.opening_cents) == (0, 0)
        assert (found.elsewhere_cents, found.ours_cents) == (3 * 941 - 700 - 1, 5_000 - 175)
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_developers_account_is_compared_by_payment_only(
    migrated_sqlite_url: str, stripe_bank: StripeBank
) -> None:
    snapshot = make_snapshot()
    async with reconciling(stripe_bank.account(), snapshot.paywall_id) as books:
        books.shop.do("foreign", count=2, cents=1_000)
        await books.pay(snapshot, "ada", 2_000)
        stripe_bank.advance(4)
        books.shop.do("payout", cents=300)
        assert await books.keeper.read(books.connection) == 1
        found = books.compared()
        assert (found.differs_cents, found.balance_cents, found.elsewhere_cents) == (0, None, 0)
        assert fees_of(books.connection, Unit.USD).owner == snapshot.paywall_id
    assert_books_balance()


async def test_another_currency_is_left_alone(migrated_sqlite_url: str, stripe_bank: StripeBank) -> None:
    async with reconciling(stripe_bank.account(currency="eur")) as books:
        books.shop.do("foreign", count=1)
        stripe_bank.advance(4)
        assert await books.keeper.read(books.connection) == 0


@pytest.mark.unhurried
async def test_a_surcharge_is_paid_and_never_credited(migrated_sqlite_url: str, stripe_bank: StripeBank) -> None:
    snapshot, surcharge = make_snapshot(), Surcharge(290, 30)
    async with reconciling(stripe_bank.account()) as books:
        marks, payment = await books.pay(snapshot, "ada", 2_000, surcharge)
        assert (marks.paid_cents, posted(snapshot)) == (2_088, 2_000)
        assert_books_balance()
        stripe_bank.advance(4)
        await books.keeper.read(books.connection)
        assert (fees(books), books.compared().differs_cents) == (91 - 88, 0)
        stripe_bank.do("dispute", payment=payment)
        books.take_back(marks, 1, 2_000)  # never more than was credited; the rest is a fee
        await books.keeper.read(books.connection)
        assert (fees(books), books.compared().differs_cents) == (91 - 88 + 1_500 + 88, 0)
        assert books.explained() == []


@pytest.mark.slow
async def test_a_month_agrees_to_the_cent_and_any_cent_by_hand_is_named(
    migrated_sqlite_url: str, stripe_bank: StripeBank
) -> None:
    """Only all kinds of movements together show that the ledger and what stands beside it are the rail's balance."""
    async with reconciling(stripe_bank.account()) as books:
        payments = await books.passes(MONTH)
        await books.keeper.read(books.connection)
        found = books.compared()
        assert (found.differs_cents, found.opening_cents) == (0, 0)
        assert found.ours_cents == world_cents(books.connection.id)
        assert found.ours_cents + found.elsewhere_cents == found.balance_cents
        kinds = Counter(one["type"] for one in books.shop.look("balance_transaction"))
        assert (kinds["charge"], kinds["refund"], kinds["payout"]) == (MONTH.topups + 5, MONTH.refunds, MONTH.payouts)

        books.shop.do("movement", cents=1, description="A cent from the bank")
        await books.keeper.read(books.connection)
        assert books.compared().differs_cents == 0, "what the rail did by itself stands beside the ledger, by name"

        books.post_by_hand(1, "hand:1")
        await books.keeper.read(books.connection)
        assert books.compared().differs_cents == -1
        assert [(one.what, one.cents) for one in books.explained()] == [("posting hand:1, which is of no payment", -1)]

        stripe_bank.do("dispute", payment=payments[0], cents=1)
        await books.keeper.read(books.connection)
        assert books.compared().differs_cents == -2
        assert (f"payment {payments[0]}", -1) in [(one.what, one.cents) for one in books.explained()]
