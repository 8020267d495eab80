"""What moved between wallets and an app's own accounts, and nothing else."""

from math import inf

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql, sqlite

from app import db
from app.domain.ledger.accounts import Account, Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.history import (
    BESIDE,
    TransferFilter,
    end_of_look,
    ids_within,
    list_of_account,
    list_transfers,
    page_statement,
)
from app.domain.ledger.operations import Post, Transfer
from app.domain.money import Environment, Unit
from tests.support.rolled import hands

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
        if not db.is_sqlite():  # of a table without rows anything else costs as little
            session.execute(text("SET LOCAL enable_bitmapscan = off"))
            session.execute(text("SET LOCAL enable_sort = off"))
        plan = "\n".join(str(row[-1]) for row in session.execute(text(explain + written.replace(":", r"\:"))))
    assert "ix_ledger_transfer_debit" in plan and "ix_ledger_transfer_credit" in plan, plan
    assert "SCAN ledger_transfer" not in plan and "Seq Scan on ledger_transfer" not in plan, plan


def test_ids_bound_what_was_posted_in_a_time(database: str) -> None:
    with hands() as at, db.transaction() as session:
        assert ids_within(session, at.at, at.at + 1) == (1, 1)
        times = {}
        for number in range(4):
            post(session, f"d:{number}", (RAILS, ADA, "deposit"))
            [newest] = list_transfers(session, TransferFilter((RAILS,)), None, 1)
            times[newest.id] = at.at
            at.go_on(600)
        bounds = [None, *(time + more for time in times.values() for more in (-700_000_000, -1, 0, 1))]
        for since in bounds:
            for until in bounds:
                first, before = ids_within(session, since, until)
                least, most = -inf if since is None else since, inf if until is None else until
                posted = {id_ for id_, time in times.items() if least <= time < most}
                beside = {id_ for id_, time in times.items() if least - BESIDE <= time < most + BESIDE}
                bounded = {id_ for id_ in times if first <= id_ and (before is None or id_ < before)}
                assert posted <= bounded == beside, (since, until)


def test_an_account_is_looked_at_as_far_as_is_said(database: str) -> None:
    with db.transaction() as session:
        assert end_of_look(session, ADA, None, 1) is None
        fill(session)
        every = list_of_account(session, ADA, None, 100)
        for most, row in enumerate(every, start=1):
            assert end_of_look(session, ADA, None, most) == (row.id, row.created_at)
            assert list_of_account(session, ADA, None, 100, row.id) == every[:most]
        assert end_of_look(session, ADA, None, len(every) + 1) is None
        assert end_of_look(session, ADA, every[0].id, 1) == (every[1].id, every[1].created_at)
        assert [
            row.id for row in list_of_account(session, ADA, None, 9, 0, lambda request_id, _other: request_id == "r")
        ] == [row.id for row in every]
