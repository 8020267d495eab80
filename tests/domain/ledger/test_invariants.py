"""Each promise is broken on exactly one row, behind the ledger's back, and exactly that row is found."""

# ruff: noqa: S608 - SQL behind the ledger's back, with ids of our own

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from app import db
from app.domain.ledger import invariants
from app.domain.ledger.book import budget_set_id
from app.domain.ledger.invariants import CHECKS, check_all
from app.domain.ledger.operations import Charge, Extend, Hold, Post, SetCap, Settle, Transfer
from tests.domain.ledger.money import (
    EARNINGS,
    FEES,
    OTHER_WALLET,
    PENDING,
    REVENUE,
    WALLET,
    WORLD,
    count,
    deposit,
    do,
    do_all,
    findings,
    grant,
    to_earnings,
    to_revenue,
)


@pytest.fixture
def books(database: str) -> str:
    """Books with some of everything: open and closed holds, caps, trial money, a chargeback, deltas."""
    do_all([
        deposit("deposit:1", 1_000),
        grant("grant:1", 300),
        deposit("deposit:2", 50, OTHER_WALLET),
        SetCap("cap:1", WALLET, 500),
        Hold("hold:1", WALLET, most=400, least=1, bound=400, owner="process", budgets=("cap:1",)),
        Hold("hold:2", WALLET, most=100, least=1, bound=200, owner="process", budgets=("cap:1",)),
        Extend("hold:2", 0, 20),
        Settle("hold:1", 350, to_earnings()),
        Charge("chg:1", WALLET, 70, to_revenue()),
        Post("chargeback:1", (Transfer(OTHER_WALLET, WORLD, 80, "chargeback"),), is_chargeback=True),
    ])  # fmt: skip
    do(Post("mature:1", (Transfer(PENDING, EARNINGS, 100, "mature"),)))
    assert findings() == []
    return database


@contextmanager
def unguarded(database: str, table: str) -> Iterator[None]:
    """Takes the table's triggers and constraints away, and puts the triggers back afterwards."""
    if database.startswith("sqlite"):
        with db.transaction() as session:
            rows = session.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
            for name, _ in rows:
                session.execute(text(f"DROP TRIGGER {name}"))
            session.execute(text("PRAGMA ignore_check_constraints = ON"))
        yield
        with db.transaction() as session:
            for _, sql in rows:
                session.execute(text(sql))
        return
    checks = text("SELECT conname FROM pg_constraint WHERE conrelid = to_regclass(:t) AND contype IN ('c', 'f')")
    with db.transaction() as session:
        for (name,) in session.execute(checks, {"t": table}).all():
            session.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
        session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
    yield
    with db.transaction() as session:
        session.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))


def break_row(database: str, table: str, statement: str) -> list[tuple[str, str]]:
    """Changes rows as only a fault could, and returns what is found."""
    with unguarded(database, table), db.engine().connect() as connection:
        if database.startswith("sqlite"):
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        assert connection.exec_driver_sql(statement).rowcount == 1
        connection.commit()
        connection.invalidate()
    return sorted(findings())


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (
            f"UPDATE ledger_account SET posted = posted + 1 WHERE id = '{WALLET.id}'",
            [("balance", WALLET.id), ("zero_sum", "sandbox:USD")],
        ),
        (
            f"UPDATE ledger_account SET posted = posted - 1 WHERE id = '{REVENUE.id}'",
            [("balance", REVENUE.id), ("zero_sum", "sandbox:USD")],
        ),
        (f"UPDATE ledger_account SET held = held + 1 WHERE id = '{WALLET.id}'", [("held", WALLET.id)]),
        (f"UPDATE ledger_account SET held = held - 1 WHERE id = '{WALLET.id}'", [("held", WALLET.id)]),
        (
            f"UPDATE ledger_account SET held = 1 WHERE id = '{WALLET.promo.id}'",
            [("floor", WALLET.promo.id), ("held", WALLET.promo.id)],
        ),
        (f"UPDATE ledger_account SET held = 3 WHERE id = '{REVENUE.id}'", [("held", REVENUE.id)]),
    ],
)
def test_a_changed_account_is_found(books: str, statement: str, found: list[tuple[str, str]]) -> None:
    assert break_row(books, "ledger_account", statement) == found


def test_a_changed_delta_is_found(books: str) -> None:
    statement = f"UPDATE ledger_delta SET amount = amount + 5 WHERE account_id = '{FEES.id}'"
    assert break_row(books, "ledger_delta", statement) == [("balance", FEES.id), ("zero_sum", "sandbox:USD")]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("spent = spent + 1", ["budget"]),
        ("held = held - 1", ["budget"]),
        ("cap = 449", ["cap"]),
        ("cap = 449, overrun = 1", []),
    ],
)
def test_a_changed_budget_is_found(books: str, change: str, found: list[str]) -> None:
    statement = f"UPDATE ledger_budget SET {change} WHERE id = 'cap:1'"
    assert break_row(books, "ledger_budget", statement) == [(check, "cap:1") for check in found]


def test_a_changed_hold_is_found(books: str) -> None:
    statement = "UPDATE ledger_hold SET amount = amount + 1 WHERE id = 'hold:2'"
    assert break_row(books, "ledger_hold", statement) == [("budget", "cap:1"), ("held", WALLET.id)]


def test_a_hold_that_is_forgotten_open_is_found(books: str) -> None:
    statement = "UPDATE ledger_hold SET status = 'released', closed_at = 1 WHERE id = 'hold:2'"
    assert break_row(books, "ledger_hold", statement) == [("budget", "cap:1"), ("held", WALLET.id)]


@pytest.mark.parametrize("hold_id", ["hold:1", "chg:1"])
def test_a_charge_that_is_not_what_its_transfers_took_is_found(books: str, hold_id: str) -> None:
    statement = f"UPDATE ledger_hold SET charged = charged - 1 WHERE id = '{hold_id}'"
    budget = [("budget", "cap:1")] if hold_id == "hold:1" else []
    assert break_row(books, "ledger_hold", statement) == [*budget, ("charge", hold_id)]


def test_a_lost_link_between_hold_and_budget_is_found(books: str) -> None:
    set_id = budget_set_id(("cap:1",))
    statement = f"DELETE FROM ledger_budget_set_member WHERE set_id = '{set_id}'"
    assert break_row(books, "ledger_budget_set_member", statement) == [("budget", "cap:1"), ("budget_set", set_id)]


def test_a_hold_that_forgot_its_budgets_is_found(books: str) -> None:
    statement = "UPDATE ledger_hold SET budget_set = NULL WHERE id = 'hold:2'"
    assert break_row(books, "ledger_hold", statement) == [("budget", "cap:1")]


def test_a_changed_amount_of_a_transfer_is_found(books: str) -> None:
    statement = "UPDATE ledger_transfer SET amount = amount + 1 WHERE posting_id = 'deposit:1'"
    expected = [("balance", WALLET.id), ("balance", WORLD.id), ("posting", "deposit:1")]
    assert break_row(books, "ledger_transfer", statement) == expected


def test_a_changed_word_in_a_posting_is_found(books: str) -> None:
    statement = "UPDATE ledger_transfer SET type = 'gift' WHERE posting_id = 'deposit:1'"
    assert break_row(books, "ledger_transfer", statement) == [("posting", "deposit:1")]


def test_a_deleted_transfer_is_found(books: str) -> None:
    statement = "DELETE FROM ledger_transfer WHERE posting_id = 'charge:chg:1'"
    expected = [("balance", WALLET.id), ("balance", REVENUE.id), ("charge", "chg:1")]
    assert break_row(books, "ledger_transfer", statement) == sorted(expected)


def test_a_posting_without_its_key_is_found(books: str) -> None:
    statement = "DELETE FROM ledger_posting WHERE id = 'grant:1'"
    with db.transaction(writes=False) as session:
        transfer = session.execute(text("SELECT id FROM ledger_transfer WHERE posting_id = 'grant:1'")).scalar_one()
    assert break_row(books, "ledger_posting", statement) == [("transfer", str(transfer))]


@pytest.mark.parametrize(
    ("debit", "credit"),
    [
        (WALLET.promo.id, WORLD.id),
        (WALLET.id, WORLD.id.replace("USD", "USDC")),
        (WALLET.id, WORLD.id.replace("sandbox", "live")),
        (WALLET.id, "sandbox:USD:wallet:nobody"),
    ],
)
def test_a_transfer_that_can_not_be_is_found(books: str, debit: str, credit: str) -> None:
    """Trial money that left, two units, two environments, an account that is not there."""
    statement = (
        "INSERT INTO ledger_transfer (posting_id, line, debit_account_id, credit_account_id, amount, type, created_at)"
        f" VALUES ('deposit:1', 1, '{debit}', '{credit}', 7, 'theft', 0)"
    )
    found = break_row(books, "ledger_transfer", statement)
    with db.transaction(writes=False) as session:
        transfer = session.execute(text("SELECT max(id) FROM ledger_transfer")).scalar_one()
    there = {WALLET.id, WALLET.promo.id, WORLD.id}
    expected = [("balance", account) for account in (debit, credit) if account in there]
    assert found == sorted([*expected, ("posting", "deposit:1"), ("transfer", str(transfer))])


def test_a_wallet_below_zero_without_a_chargeback_is_found(books: str) -> None:
    statement = "UPDATE ledger_posting SET is_chargeback = 0 WHERE id = 'chargeback:1'"
    found = break_row(books, "ledger_posting", statement)
    # The hash covers the word, so the posting is found too.
    assert found == [("floor", OTHER_WALLET.id), ("posting", "chargeback:1")]


@pytest.mark.parametrize("event", ["UPDATE", "DELETE"])
def test_a_missing_trigger_is_found(books: str, event: str) -> None:
    with db.transaction() as session:
        if books.startswith("sqlite"):
            session.execute(text(f"DROP TRIGGER ledger_transfer_no_{event.lower()}"))
        else:
            session.execute(text("ALTER TABLE ledger_transfer DISABLE TRIGGER ledger_transfer_append_only"))
    assert findings() == [("append_only", "ledger_transfer")]


def test_the_audit_says_how_far_it_is(books: str) -> None:
    said: list[tuple[str, float]] = []
    with db.transaction(writes=False) as session:
        assert list(check_all(session, lambda name, share: said.append((name, share)))) == []
    for name in CHECKS:
        shares = [share for said_name, share in said if said_name == name]
        assert shares[0] == 0 and shares[-1] == 1 and shares == sorted(shares)


def test_the_audit_reads_in_batches(books: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.domain.ledger.invariants.BATCH", 2)
    monkeypatch.setattr("app.domain.ledger.invariants.RANGE", 3)
    assert findings() == []
    statement = "UPDATE ledger_transfer SET type = 'gift' WHERE posting_id = 'mature:1'"
    assert break_row(books, "ledger_transfer", statement) == [("posting", "mature:1")]


def test_the_audit_is_right_while_others_write(books: str) -> None:
    """One snapshot: what is committed between two checks is not seen by the second."""

    def progress(name: str, share: float) -> None:
        if share == 0:
            do_all([deposit(f"deposit:{name}", 9), Charge(f"chg:{name}", WALLET, 5, to_revenue())])

    with db.transaction(writes=False) as session:
        session.execute(text("SELECT 1 FROM ledger_account"))
        assert list(check_all(session, progress)) == []
    assert count("ledger_hold", "id LIKE 'chg:%'") == 1 + len(CHECKS)
    assert findings() == []


def test_the_audit_looks_a_charge_up_by_its_posting(migrated_sqlite_url: str) -> None:
    """By its wallet, each hold would go through all of the wallet's transfers: an hour for half a million."""
    with db.transaction(writes=False) as session:
        plan = session.execute(text(f"EXPLAIN QUERY PLAN {invariants._HOLDS.text}"), {"after": "", "limit": 1}).all()
    assert any("ix_ledger_transfer_posting" in step[3] for step in plan)
    assert not any("ix_ledger_transfer_debit" in step[3] for step in plan)
