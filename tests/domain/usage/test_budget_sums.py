"""A budget is what was kept of it at a mark and what came since: charges by their transfers, and open holds."""

import pytest

from app import db
from app.domain import clock
from app.domain.ledger.invariants import newest_transfer
from app.domain.ledger.operations import Charge, Hold, Release, SetCap, Settle
from app.domain.usage import budget_sums, kept_sums
from tests.domain.ledger.money import WALLET, deposit, do, execute, grant, to_revenue

pytestmark = pytest.mark.usefixtures("database")

DAY, MONTH = "cap:day", "cap:month"
HOLD = "hold:req_1"


def newest() -> int:
    with db.transaction(writes=False) as session:
        return newest_transfer(session)


def keep(last: int) -> None:
    with db.transaction() as session:
        kept_sums.keep(session, budget_sums.read_charged(session, 0, last), are_all=True)


def broken(marked: int, made_since: int) -> list[str]:
    with db.transaction(writes=False) as session:
        return [found.row for found in budget_sums.check_since(session, marked, newest(), made_since)]


def test_charges_before_a_mark_are_kept_and_later_ones_are_added() -> None:
    do(deposit("d:1", 1_000))
    do(grant("g:1", 3))
    for budget in (DAY, MONTH):
        do(SetCap(budget, WALLET, 500))
    do(Charge("chg:1", WALLET, 40, to_revenue(), budgets=(DAY, MONTH)))
    marked = newest()
    keep(marked)
    with db.transaction(writes=False) as session:
        assert budget_sums.read_charged(session, 0, marked) == {DAY: 40, MONTH: 40}, "trial money counts as well"
        assert budget_sums.read_charged(session, marked, newest()) == {}
    do(Charge("chg:2", WALLET, 5, to_revenue(), budgets=(MONTH,)))
    do(Hold(HOLD, WALLET, 20, 0, 20, "process", budgets=(DAY,)))
    assert broken(marked, 0) == []
    do(Settle(HOLD, 7, to_revenue(), expires=True))
    assert broken(marked, 0) == []
    do(Settle(HOLD, 9, to_revenue()))
    assert broken(marked, 0) == [], "a late settlement counts by its transfer"
    execute(f"UPDATE ledger_budget SET spent = spent - 1 WHERE id = '{MONTH}'")  # noqa: S608 - an id of ours
    assert broken(marked, clock.now()) == [MONTH]


def test_what_was_released_since_is_looked_at_though_nothing_moved() -> None:
    do(deposit("d:1", 1_000))
    do(SetCap(DAY, WALLET, 500))
    do(Hold(HOLD, WALLET, 20, 0, 20, "process", budgets=(DAY,)))
    do(Release(HOLD))
    assert broken(newest(), 0) == []
    execute("UPDATE ledger_budget SET held = 20")
    assert broken(newest(), 0) == [DAY]
