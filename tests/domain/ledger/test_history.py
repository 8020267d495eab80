"""What moved between wallets and an app's own accounts, and nothing else."""

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql, sqlite

from app import db
from app.domain.ledger.accounts import Account, Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.history import TransferFilter, list_transfers, page_statement
from app.domain.ledger.operations import Post, Transfer
from app.domain.money import Environment, Unit

RAILS = Account(Environment.SANDBOX, Unit.USD, Kind.WORLD, "custom:pw_1")
OTHER_RAILS = RAILS.beside(Kind.WORLD, "custom:pw_10")
REVENUE = RAILS.beside(Kind.REVENUE, "pw_1")
ADA, BOB = RAILS.beside(Kind.WALLET, "ada"), RAILS.beside(Kind.WALLET, "bob")


def post(session: db.Session, key: str, *moves: tuple[Account, Account, str]) -> None:
    transfers = [Transfer(debit, credit, 10 + number, kind) for number, (debit, credit, kind) in enumerate(moves)]
    apply_one(session, Post(key, tuple(transfers)))


def fill(session: db.Session) -> None:
    post(session, "d:1", (RAILS, ADA, "deposit"))
    post(session, "d:2", (RAILS, BOB, "deposit"))
    post(session, "d:3", (OTHER_RAILS, ADA, "deposit"))
    post(session, "g:1", (RAILS, ADA.promo, "grant"))
    post(session, "c:1", (ADA, REVENUE, "charge"))
    post(session, "r:1", (REVENUE, ADA, "refund"))
    post(session, "w:1", (BOB, RAILS, "refund"))
    post(session, "x:1", (REVENUE, RAILS, "internal"))


def keys(session: db.Session, wanted: TransferFilter, limit: int = 100) -> list[str]:
    found: list[str] = []
    before = None
    while page := list_transfers(session, wanted, before, limit):
        found += [row.posting_id for row in page]
        before = page[-1].id
    return found


@pytest.mark.unhurried
def test_both_sides_are_merged_newest_first_in_pages_without_gaps(database: str) -> None:
    wanted = TransferFilter((RAILS, REVENUE), (RAILS,))
    with db.transaction() as session:
        fill(session)
        assert keys(session, wanted) == ["w:1", "r:1", "g:1", "d:2", "d:1"] == keys(session, wanted, 1)
        assert keys(session, TransferFilter((RAILS,), (RAILS,), wallets=ADA.purse)) == ["g:1", "d:1"]
        assert keys(session, TransferFilter((RAILS, REVENUE), (RAILS,), type="refund")) == ["w:1", "r:1"]


@pytest.mark.unhurried
def test_times_bound_it(database: str) -> None:
    with db.transaction() as session:
        fill(session)
        [first] = list_transfers(session, TransferFilter((RAILS,), type="deposit", wallets=ADA.purse), None, 9)
        at = first.created_at
        assert "d:1" in keys(session, TransferFilter((RAILS,), since=at))
        assert keys(session, TransferFilter((RAILS,), until=at)) == []


@pytest.mark.parametrize("wallets", [None, ADA.purse])
def test_no_page_scans_the_table(database: str, wallets: tuple[Account, Account] | None) -> None:
    with db.transaction() as session:
        statement = page_statement(TransferFilter((RAILS,), (RAILS,), wallets), 10**9, 20)
        dialect = sqlite.dialect() if db.is_sqlite() else postgresql.dialect()  # type: ignore[no-untyped-call]
        written = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        explain = "EXPLAIN QUERY PLAN " if db.is_sqlite() else "EXPLAIN "
        plan = "\n".join(str(row[-1]) for row in session.execute(text(explain + written.replace(":", r"\:"))))
    assert "ix_ledger_transfer_debit" in plan and "ix_ledger_transfer_credit" in plan, plan
    assert "SCAN ledger_transfer" not in plan and "Seq Scan on ledger_transfer" not in plan, plan
