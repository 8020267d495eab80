"""Batches: each operation answers for itself, and what the database refuses is written by nobody."""

# ruff: noqa: S608 - SQL behind the ledger's back, with ids of our own

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app import db
from app.domain.errors import BadOperation, HoldClosed, InsufficientFunds, KeyConflict
from app.domain.ledger.accounts import Kind
from app.domain.ledger.apply import apply, apply_one
from app.domain.ledger.operations import Applied, BumpEpoch, Charge, Hold, Post, Release, SetCap, Settle, Transfer
from tests.domain.ledger.money import (
    OTHER_WALLET,
    PENDING,
    REVENUE,
    WALLET,
    WORLD,
    account,
    count,
    deposit,
    do,
    do_all,
    execute,
    findings,
    posted,
    to_revenue,
)

pytestmark = pytest.mark.usefixtures("database")


def hold(name: str, amount: int = 100, **more: object) -> Hold:
    return Hold(f"hold:{name}", WALLET, most=amount, least=amount, bound=2 * amount, owner="process", **more)  # type: ignore[arg-type]


def test_a_refused_operation_changes_nothing_and_stops_nobody() -> None:
    outcomes = do_all([
        deposit("d:1", 150),
        hold("a"),
        hold("b"),
        Settle("hold:nobody", 1, to_revenue()),
        Settle("hold:a", 30, to_revenue()),
        hold("c"),
    ])  # fmt: skip
    assert [type(outcome) for outcome in outcomes] == [
        Applied, Applied, InsufficientFunds, HoldClosed, Applied, Applied,
    ]  # fmt: skip
    assert (posted(WALLET), findings()) == (120, [])


def test_a_whole_life_fits_into_one_batch() -> None:
    released = do_all([deposit("d:1", 100), hold("a"), Settle("hold:a", 40, to_revenue())])[-1]
    assert released == Applied(amount=40, released=60, available=60, balance=60)


def test_apply_one_raises_what_the_ledger_refuses() -> None:
    with pytest.raises(InsufficientFunds) as refused:
        do(hold("a"))
    assert (refused.value.short_of, refused.value.available_nanos, refused.value.needed_nanos) == (WALLET.id, 0, 100)


def test_nothing_is_committed_by_the_ledger_itself() -> None:
    with pytest.raises(ZeroDivisionError), db.transaction() as session:
        apply_one(session, deposit("d:1", 100))
        raise ZeroDivisionError
    assert count("ledger_transfer") == 0
    assert do(deposit("d:1", 100)).is_replay is False


def test_the_rows_of_an_account_that_was_rolled_back_are_opened_again() -> None:
    """Accounts that this process has opened are remembered, but only once they are committed."""
    for attempt in range(2):
        try:
            with db.transaction() as session:
                apply(session, [deposit("d:1", 100), Charge("chg:1", WALLET, 1, to_revenue())])
                if attempt == 0:
                    raise ZeroDivisionError
        except ZeroDivisionError:
            assert count("ledger_account") == 0
    assert findings() == []


def test_the_same_key_gives_the_first_result_and_other_inputs_are_refused() -> None:
    first = do(deposit("d:1", 100))
    assert do(deposit("d:1", 100)) == Applied(first.amount, 0, 100, 100, is_replay=True)
    with pytest.raises(KeyConflict):
        do(deposit("d:1", 101))
    with pytest.raises(KeyConflict):
        do(Post("d:1", (Transfer(WORLD, WALLET, 100, "deposit"),), is_chargeback=True))
    held = do(hold("a"))
    again = do(hold("a"))
    assert (again.amount, again.is_replay, held.is_replay) == (100, True, False)
    with pytest.raises(KeyConflict):
        do(hold("a", 99))
    assert posted(WALLET) == 100


def test_a_key_twice_in_one_batch_counts_once() -> None:
    outcomes = do_all([deposit("d:1", 100), deposit("d:1", 100), hold("a"), hold("a"), hold("b", 1)])
    assert [isinstance(outcome, Applied) and outcome.is_replay for outcome in outcomes[:4]] == [
        False,
        True,
        False,
        True,
    ]
    assert isinstance(outcomes[4], InsufficientFunds)


@pytest.mark.unhurried
def test_a_bug_is_refused_by_the_database_and_not_stored(database: str) -> None:
    do_all([deposit("d:1", 100), SetCap("cap:1", WALLET, 50), hold("a", 10, budgets=("cap:1",))])
    for statement in (
        f"UPDATE ledger_account SET held = -1 WHERE id = '{WALLET.id}'",
        f"UPDATE ledger_account SET posted = 9 WHERE id = '{WALLET.id}'",
        f"UPDATE ledger_account SET floor = NULL WHERE id = '{WALLET.id}'",
        f"UPDATE ledger_account SET kind = 'promo' WHERE id = '{WALLET.id}'",
        f"UPDATE ledger_account SET held = 1 WHERE id = '{WORLD.id}'",
        "UPDATE ledger_budget SET spent = 41 WHERE id = 'cap:1'",
        "UPDATE ledger_budget SET held = -1 WHERE id = 'cap:1'",
        "UPDATE ledger_hold SET charged = 1 WHERE id = 'hold:a'",
        "UPDATE ledger_hold SET charged = 21, status = 'settled', asked = 21, closed_at = 1 WHERE id = 'hold:a'",
        "UPDATE ledger_hold SET status = 'gone' WHERE id = 'hold:a'",
        "UPDATE ledger_hold SET status = 'settled', closed_at = 1 WHERE id = 'hold:a'",
        "UPDATE ledger_hold SET closed_at = 1 WHERE id = 'hold:a'",
        "UPDATE ledger_hold SET amount = 21 WHERE id = 'hold:a'",
        "UPDATE ledger_transfer SET amount = 1",
        "DELETE FROM ledger_transfer",
        *(_transfer(*values) for values in (
            (WALLET.id, WALLET.id, 1),
            (WORLD.id, WALLET.id, 0),
            (WORLD.id, WALLET.id, -5),
            (WORLD.id, WALLET.id.replace("sandbox", "live"), 1),
            (WORLD.id, "sandbox:USD:wallet:nobody", 1),
        )),
    ):  # fmt: skip
        with pytest.raises(DBAPIError):
            execute(statement)
    assert findings() == []


def _transfer(debit: str, credit: str, amount: int) -> str:
    return (
        "INSERT INTO ledger_transfer (posting_id, line, debit_account_id, credit_account_id, amount, type, created_at)"
        f" VALUES ('x', 0, '{debit}', '{credit}', {amount}, 'x', 0)"
    )


@pytest.mark.unhurried
def test_replacing_a_transfer_is_changing_it(database: str) -> None:
    """SQLite's REPLACE deletes without asking the trigger, unless it is told to ask."""
    if not database.startswith("sqlite"):
        pytest.skip("PostgreSQL has no REPLACE")
    do(deposit("d:1", 100))
    with pytest.raises(DBAPIError):
        execute("INSERT OR REPLACE INTO ledger_transfer SELECT id, posting_id, line, debit_account_id,"
                " credit_account_id, 7, type, request_id, details, created_at FROM ledger_transfer")  # fmt: skip


def test_accounts_that_every_request_touches_collect_deltas() -> None:
    do_all([deposit("d:1", 100), Charge("chg:1", WALLET, 5, to_revenue()), Charge("chg:2", WALLET, 6, to_revenue())])
    assert count("ledger_delta") == 2  # one for the world, one for all the charges of the batch
    assert (posted(REVENUE), posted(WALLET)) == (0, 89)


def test_money_leaving_such_an_account_folds_it_first() -> None:
    earned = Post("earned:1", (Transfer(WORLD, PENDING, 70, "x"),))
    do_all([earned])
    earnings = account(Kind.EARNINGS, "pw")
    outcomes = do_all([
        Post("mature:1", (Transfer(PENDING, earnings, 71, "mature"),)),
        Post("mature:2", (Transfer(PENDING, earnings, 50, "mature"),)),
    ])  # fmt: skip
    assert isinstance(outcomes[0], InsufficientFunds) and isinstance(outcomes[1], Applied)
    assert (posted(PENDING), posted(earnings), count("ledger_delta", f"account_id = '{PENDING.id}'")) == (20, 50, 0)


def test_transfers_keep_their_details_as_they_were_written() -> None:
    details = {"note": "für Ada – “ok”", "n": 1}
    do(Post("d:1", (Transfer(WORLD, WALLET, 5, "deposit", "req_1", details),)))
    with db.transaction(writes=False) as session:
        row = session.execute(text("SELECT request_id, details FROM ledger_transfer")).one()
    assert tuple(row) == ("req_1", '{"note":"für Ada – “ok”","n":1}')


def test_epochs_bump_one_by_one_in_a_batch() -> None:
    first, second = do_all([BumpEpoch("key:1"), BumpEpoch("key:1")])
    assert isinstance(first, Applied) and isinstance(second, Applied)
    assert (first.amount, second.amount, do(BumpEpoch("key:1")).amount) == (1, 2, 3)


def test_a_release_of_nothing_is_said() -> None:
    with pytest.raises(HoldClosed):
        do(Release("hold:nobody"))


@pytest.mark.unhurried
def test_a_batch_of_many_wallets_is_one_batch() -> None:
    wallets = [account(Kind.WALLET, f"w{number}") for number in range(500)]
    outcomes = do_all([deposit(f"d:{wallet.owner}", 10, wallet) for wallet in wallets])
    assert all(isinstance(outcome, Applied) and outcome.balance == 10 for outcome in outcomes)
    assert findings() == []


def test_a_split_that_raises_leaves_the_transaction_to_be_rolled_back() -> None:
    do(deposit("d:1", 100))

    def split(_collected: object) -> list[Transfer]:
        raise KeyError("a bug of the caller")

    with pytest.raises(KeyError):
        do_all([deposit("d:2", 100), Charge("chg:1", WALLET, 5, split)])
    assert (posted(WALLET), findings()) == (100, [])


def test_units_and_environments_never_mix() -> None:
    live = Transfer(WORLD, account(Kind.WALLET, "x", environment=OTHER_WALLET.environment.LIVE), 1, "x")
    with pytest.raises(BadOperation):
        do(Post("x:1", (live,)))
