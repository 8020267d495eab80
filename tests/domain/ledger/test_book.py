"""The book of a batch: what is free, and where a movement goes."""

import pytest

from app.domain.ledger.book import AccountRow, Book, BudgetRow
from tests.domain.ledger.money import REVENUE, WALLET


@pytest.mark.parametrize(("posted", "held", "free"), [(10, 4, 6), (10, 10, 0), (-5, 0, 0), (3, 10, 0)])
def test_what_may_leave_is_never_less_than_nothing(posted: int, held: int, free: int) -> None:
    assert AccountRow("x", posted, held, 0).free == free


@pytest.mark.parametrize(
    ("posted", "floor", "tight"),
    [(10, 0, 0), (-5, -20, -5), (-5, -5, -5), (3, -20, 0), (-30, -20, -20), (-9, None, None)],
)
def test_a_floor_only_rises_by_itself(posted: int, floor: int | None, tight: int | None) -> None:
    assert AccountRow("x", posted, 0, floor).tight_floor == tight


def test_a_budget_knows_what_is_left_and_what_stands_above_it() -> None:
    below = BudgetRow("b", "sandbox", "USD", cap=10, spent=3, held=4, overrun=0)
    above = BudgetRow("b", "sandbox", "USD", cap=5, spent=3, held=4, overrun=2)
    assert (below.free, below.above_cap, above.free, above.above_cap) == (3, 0, 0, 2)


def test_money_moves_on_a_locked_row_and_else_as_a_delta() -> None:
    book = Book(now=0, accounts={WALLET.id: AccountRow(WALLET.id, 10, 0, 0)})
    book.move(WALLET, -4)
    book.move(REVENUE, 4)
    book.move(REVENUE, 5)
    assert (book.accounts[WALLET.id].posted, book.accounts[WALLET.id].is_changed, dict(book.deltas)) == (
        6,
        True,
        {REVENUE: 9},
    )
