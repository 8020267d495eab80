"""What accounts that every request touches had moved up to a mark is added to what came after it, no more."""

# ruff: noqa: S608 - SQL behind the ledger's back, with ids of our own

import pytest

from app import db
from app.domain.ledger.invariants import newest_transfer
from app.domain.ledger.operations import Charge
from app.domain.usage import marks
from tests.domain.ledger.money import REVENUE, WALLET, WORLD, deposit, do, execute, to_revenue

pytestmark = pytest.mark.usefixtures("database")


def look(after: int, mark: int) -> dict[str, tuple[int, int, int]]:
    with db.transaction(writes=False) as session:
        return {one.account_id: (one.balance, one.marked, one.since) for one in marks.read_moved(session, after, mark)}


def newest() -> int:
    with db.transaction(writes=False) as session:
        return newest_transfer(session)


def broken(mark: int) -> list[str]:
    with db.transaction(writes=False) as session:
        return [found.row for one in marks.read_moved(session, mark, mark) for found in marks.check(one)]


def test_a_mark_stands_for_all_before_it() -> None:
    do(deposit("d:1", 100))
    do(Charge("chg:1", WALLET, 5, to_revenue()))
    first = newest()
    everything = {REVENUE.id: (5, 5, 0), WORLD.id: (-100, -100, 0)}
    assert look(0, first) == everything
    with db.transaction() as session:
        marks.keep(session, {REVENUE.id: 5, WORLD.id: -100})
    do(Charge("chg:2", WALLET, 7, to_revenue()))
    assert look(first, first) == {REVENUE.id: (12, 5, 7), WORLD.id: (-100, -100, 0)}
    assert look(first, newest()) == {REVENUE.id: (12, 12, 0), WORLD.id: (-100, -100, 0)}
    assert broken(first) == []


def test_accounts_that_lie_together_are_found() -> None:
    do(deposit("d:1", 100))
    do(Charge("chg:1", WALLET, 5, to_revenue()))
    first = newest()
    with db.transaction() as session:
        marks.keep(session, {REVENUE.id: 5, WORLD.id: -100})
    execute(f"UPDATE ledger_account SET posted = posted + 3 WHERE id = '{REVENUE.id}'")
    execute(f"UPDATE ledger_account SET posted = posted - 3 WHERE id = '{WORLD.id}'")
    assert broken(first) == [REVENUE.id, WORLD.id]


def test_what_is_kept_replaces_what_was_kept() -> None:
    with db.transaction() as session:
        marks.keep(session, {REVENUE.id: 5, WORLD.id: -5})
        marks.keep(session, {REVENUE.id: 6})
        marks.keep(session, {})
    assert look(1, 1) == {}
