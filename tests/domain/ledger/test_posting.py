"""Postings and caps: all or nothing, nothing out of nowhere, below zero by a chargeback alone."""

import pytest
from sqlalchemy import text

from app import db
from app.domain.errors import BadOperation, InsufficientFunds
from app.domain.ledger.accounts import AMOUNT_NANOS_MAX, Account, Kind
from app.domain.ledger.operations import Applied, Hold, Post, Release, SetCap, Settle, Transfer
from app.domain.money import Environment, Unit
from tests.domain.ledger.money import (
    EARNINGS,
    GRANTS,
    PENDING,
    REVENUE,
    WALLET,
    WORLD,
    account,
    count,
    deposit,
    do,
    do_all,
    findings,
    grant,
    posted,
    to_revenue,
)

pytestmark = pytest.mark.usefixtures("database")


def floor_of(wallet: Account) -> int:
    with db.transaction(writes=False) as session:
        statement = text("SELECT floor FROM ledger_account WHERE id = :id")
        return int(session.execute(statement, {"id": wallet.id}).scalar_one())


def chargeback(key: str, amount: int) -> Post:
    return Post(key, (Transfer(WALLET, WORLD, amount, "chargeback"),), is_chargeback=True)


def test_a_posting_applies_all_its_transfers_or_none() -> None:
    do(deposit("d:1", 100))
    both = (Transfer(WALLET, REVENUE, 60, "x"), Transfer(WALLET, WORLD, 60, "x"))
    with pytest.raises(InsufficientFunds) as refused:
        do(Post("x:1", both))
    assert (refused.value.available_nanos, refused.value.needed_nanos) == (100, 120)
    assert (posted(WALLET), count("ledger_transfer")) == (100, 1)


def test_money_may_pass_through_an_account_within_one_posting() -> None:
    do(
        Post(
            "x:1", (Transfer(WORLD, WALLET, 100, "topup"), Transfer(WALLET, account(Kind.RAIL_FEES, "card"), 3, "fee"))
        )
    )
    assert posted(WALLET) == 97


def test_what_is_held_can_not_be_refunded() -> None:
    do_all([deposit("d:1", 100), Hold("hold:1", WALLET, 60, 60, 60, "process")])
    with pytest.raises(InsufficientFunds):
        do(Post("refund:1", (Transfer(WALLET, WORLD, 41, "refund"),)))
    assert do(Post("refund:1", (Transfer(WALLET, WORLD, 40, "refund"),))).available == 0


def test_a_chargeback_takes_a_wallet_below_zero_and_what_comes_in_raises_its_floor() -> None:
    do_all([deposit("d:1", 100), Hold("hold:1", WALLET, 60, 60, 60, "process")])
    assert do(chargeback("cb:1", 100)) == Applied(amount=100, available=-60, balance=0)
    assert floor_of(WALLET) == -60
    do(Settle("hold:1", 50, to_revenue()))
    assert (posted(WALLET), floor_of(WALLET)) == (-50, -50)
    do(deposit("d:2", 30))
    assert floor_of(WALLET) == -20
    with pytest.raises(InsufficientFunds):
        do(Hold("hold:2", WALLET, 1, 1, 1, "process"))
    do(deposit("d:3", 30))
    assert (floor_of(WALLET), do(Hold("hold:2", WALLET, 9, 9, 9, "process")).available) == (0, 1)
    do(Release("hold:2"))
    assert findings() == []


def test_a_won_dispute_puts_back_exactly_what_was_taken() -> None:
    do_all([deposit("d:1", 100), chargeback("cb:1", 130)])
    do(Post("won:1", (Transfer(WORLD, WALLET, 130, "chargeback_won"),)))
    assert (posted(WALLET), floor_of(WALLET)) == (100, 0)


@pytest.mark.parametrize("debit", [WALLET.promo, PENDING, EARNINGS, account(Kind.PAYOUT_TRANSIT, "batch")])
def test_a_chargeback_takes_nothing_else_below_zero(debit: Account) -> None:
    credit = GRANTS if debit.kind is Kind.PROMO else WORLD
    do(Post("fill:1", (Transfer(credit, debit, 10, "x"),)))
    with pytest.raises(InsufficientFunds):
        do(Post("cb:1", (Transfer(debit, credit, 11, "x"),), is_chargeback=True))


def test_a_chargeback_takes_back_earnings_with_the_wallet_in_one_posting() -> None:
    do_all([deposit("d:1", 100), Post("earn:1", (Transfer(WALLET, PENDING, 80, "x"),))])
    shortfall = account(Kind.SHORTFALL, "pw")
    do(Post("cb:1", (Transfer(WALLET, WORLD, 100, "chargeback"), Transfer(PENDING, WALLET, 80, "taken_back")), True))
    assert (posted(WALLET), posted(PENDING), posted(shortfall)) == (0, 0, 0)
    assert findings() == []


@pytest.mark.parametrize("kind", [Kind.WORLD, Kind.PAYOUT_TRANSIT])
def test_trial_money_never_leaves(kind: Kind) -> None:
    do(grant("g:1", 100))
    for credit in (account(kind, "x"), WALLET, account(Kind.WALLET, "other").promo):
        with pytest.raises(BadOperation):
            do(Post("x:1", (Transfer(WALLET.promo, credit, 1, "x"),)))
    assert do(Post("back:1", (Transfer(WALLET.promo, GRANTS, 100, "expired"),))).balance == 0


@pytest.mark.plain_sql
@pytest.mark.parametrize(
    "transfers",
    [
        (),
        (Transfer(WORLD, WALLET, 0, "x"),),
        (Transfer(WORLD, WALLET, -1, "x"),),
        (Transfer(WORLD, WALLET, AMOUNT_NANOS_MAX + 1, "x"),),
        (Transfer(WORLD, WALLET, 1.5, "x"),),  # type: ignore[arg-type]
        (Transfer(WORLD, WALLET, True, "x"),),
        (Transfer(WALLET, WALLET, 1, "x"),),
        (Transfer(WORLD, account(Kind.WALLET, "x", unit=Unit.USDC), 1, "x"),),
        (Transfer(WORLD, account(Kind.WALLET, "x", environment=Environment.LIVE), 1, "x"),),
        (
            Transfer(WORLD, WALLET, 1, "x"),
            Transfer(account(Kind.WORLD, "x", unit=Unit.CREDIT), account(Kind.WALLET, "x", unit=Unit.CREDIT), 1, "x"),
        ),
    ],
)
def test_what_could_never_be_right_is_refused(transfers: tuple[Transfer, ...]) -> None:
    with pytest.raises(BadOperation):
        do(Post("x:1", transfers))
    assert count("ledger_transfer") == 0


def test_a_cap_that_is_lowered_refuses_only_what_comes_after() -> None:
    do_all([deposit("d:1", 500), SetCap("cap:1", WALLET, 100)])
    do(Hold("hold:1", WALLET, 80, 80, 200, "process", budgets=("cap:1",)))
    assert do(SetCap("cap:1", WALLET, 50)) == Applied(amount=50, available=0)
    with pytest.raises(InsufficientFunds):
        do(Hold("hold:2", WALLET, 1, 1, 1, "process", budgets=("cap:1",)))
    assert findings() == []
    # The hold was granted before and is charged; above it the lowered cap stands.
    assert do(Settle("hold:1", 90, to_revenue())).amount == 80
    assert do(SetCap("cap:1", WALLET, 90)).available == 10
    assert findings() == []


def test_a_cap_belongs_to_one_unit_and_environment() -> None:
    do(SetCap("cap:1", WALLET, 10))
    for other in (account(Kind.WALLET, "x", unit=Unit.USDC), account(Kind.WALLET, "x", environment=Environment.LIVE)):
        with pytest.raises(BadOperation):
            do(SetCap("cap:1", other, 20))
    with pytest.raises(BadOperation):
        do(SetCap("cap:1", WALLET, -1))


def test_a_cap_exists_from_its_own_operation_on() -> None:
    """Seed 5 of the state machine: in one batch, a hold before the first SetCap saw a cap of nothing."""
    hold = Hold("hold:1", WALLET, 1, 1, 1, "process", budgets=("cap:1",))
    outcomes = do_all([deposit("d:1", 10), hold, SetCap("cap:1", WALLET, 5), hold])
    assert isinstance(outcomes[1], BadOperation) and isinstance(outcomes[3], Applied)


def test_a_refused_cap_leaves_no_budget_behind() -> None:
    """Seed 1 of the state machine: a cap above every limit was refused and its budget opened all the same."""
    for cap in (-1, AMOUNT_NANOS_MAX + 1):
        with pytest.raises(BadOperation):
            do(SetCap("cap:1", WALLET, cap))
    assert count("ledger_budget") == 0
