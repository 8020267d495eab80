"""Every operation is decided on the open book, and one that is refused leaves it as it was."""

from copy import deepcopy

import pytest

from app.domain.errors import LedgerRefused
from app.domain.ledger.book import AccountRow, Book, BudgetRow
from app.domain.ledger.decide import decide
from app.domain.ledger.operations import (
    Applied,
    BumpEpoch,
    Charge,
    Epoch,
    Extend,
    Hold,
    Operation,
    Post,
    Release,
    SetCap,
    Settle,
    Transfer,
)
from tests.domain.ledger.money import REVENUE, WALLET, WORLD, deposit, to_revenue


def open_book() -> Book:
    book = Book(
        now=1,
        accounts={WALLET.id: AccountRow(WALLET.id, 100, 0, 0)},
        budgets={"cap:1": BudgetRow("cap:1", "sandbox", "USD", 50, 0, 0, 0)},
        epochs={"key:1": 3},
    )
    decide(book, Hold("hold:0", WALLET, 20, 20, 30, "process", budgets=("cap:1",)))
    return book


@pytest.mark.parametrize(
    "operation",
    [
        deposit("d:1", 5),
        Hold("hold:1", WALLET, 10, 1, 10, "process", epochs=(Epoch("key:1", 3),)),
        Extend("hold:0", 5, 5),
        Settle("hold:0", 5, to_revenue()),
        Release("hold:0"),
        Charge("chg:1", WALLET, 5, to_revenue()),
        SetCap("cap:1", WALLET, 60),
        BumpEpoch("key:1"),
    ],
)
def test_every_operation_is_decided(operation: Operation) -> None:
    book = open_book()
    before = deepcopy(book)
    assert isinstance(decide(book, operation), Applied)
    assert book != before


@pytest.mark.parametrize(
    "operation",
    [
        Post("d:1", (Transfer(WORLD, WALLET, 5, "x"), Transfer(WALLET, REVENUE, 200, "x"))),
        Hold("hold:1", WALLET, 81, 81, 81, "process"),
        Hold("hold:1", WALLET, 31, 31, 31, "process", budgets=("cap:1",)),
        Hold("hold:1", WALLET, 1, 1, 1, "process", epochs=(Epoch("key:1", 2),)),
        Hold("hold:0", WALLET, 1, 1, 1, "process"),
        Extend("hold:9", 5, 5),
        Extend("hold:0", -5, 5),
        Settle("hold:0", 5, lambda _collected: []),
        Settle("hold:9", 5, to_revenue()),
        Release("hold:9"),
        Charge("chg:1", WALLET, 5, lambda _collected: [Transfer(WALLET, REVENUE, 4, "x")]),
        SetCap("cap:1", WALLET, -1),
    ],
)
def test_what_is_refused_leaves_the_book_as_it_was(operation: Operation) -> None:
    book = open_book()
    before = deepcopy(book)
    with pytest.raises(LedgerRefused):
        decide(book, operation)
    assert book == before
