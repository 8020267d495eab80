"""The book of a batch holds every row that its operations touch, and no other transaction can change them."""

import threading

import pytest

from app import db
from app.domain.errors import Unavailable
from app.domain.ledger.operations import BumpEpoch, Charge, Epoch, Extend, Hold, Post, SetCap, Transfer
from app.domain.ledger.reading import open_book
from app.sql.statements import link_of
from tests.domain.ledger.money import (
    EARNINGS,
    OTHER_WALLET,
    PENDING,
    WALLET,
    WORLD,
    count,
    deposit,
    do,
    do_all,
    findings,
    grant,
    to_revenue,
)

pytestmark = pytest.mark.usefixtures("database")


def test_every_row_behind_the_operations_is_read() -> None:
    do_all([
        deposit("d:1", 100), grant("g:1", 5), SetCap("cap:1", WALLET, 50), BumpEpoch("key:1"),
        Hold("hold:1", WALLET, 10, 10, 20, "process", budgets=("cap:1",)),
    ])  # fmt: skip
    later = Hold("hold:2", OTHER_WALLET, 1, 1, 1, "process", epochs=(Epoch("key:1", 1), Epoch("key:2", 0)))
    with db.transaction() as session:
        book = open_book(link_of(session.connection()), [Extend("hold:1", 1, 0), later, deposit("d:1", 100)], now=1)
    assert book.holds["hold:1"].budgets == ("cap:1",)
    assert {key: (row.posted, row.held) for key, row in book.accounts.items()} == {
        WALLET.id: (100, 5), WALLET.promo.id: (5, 5),
    }  # fmt: skip
    assert (book.budgets["cap:1"].held, book.epochs, set(book.postings)) == (10, {"key:1": 1}, {"d:1"})


def test_looking_opens_nothing_that_is_not_needed() -> None:
    """A hold on a wallet that was never filled is refused without a trace."""
    with db.transaction() as session:
        open_book(link_of(session.connection()), [Hold("hold:1", WALLET, 1, 1, 1, "process")], now=1)
    assert count("ledger_account") == 0


def test_deltas_are_folded_into_what_money_leaves() -> None:
    do(Post("in:1", (Transfer(WORLD, PENDING, 70, "x"),)))
    with db.transaction() as session:
        book = open_book(link_of(session.connection()), [Post("out:1", (Transfer(PENDING, EARNINGS, 1, "x"),))], now=1)
    assert (book.accounts[PENDING.id].posted, len(book.folded), WORLD.id in book.accounts) == (70, 1, False)


@pytest.mark.unhurried
def test_opposite_orders_do_not_deadlock(database: str) -> None:
    """Rows are locked by id, whatever the order of the operations; what still collides is repeated."""
    do_all(
        [
            deposit("d:1", 10_000),
            deposit("d:2", 10_000, OTHER_WALLET),
            SetCap("a", WALLET, 9_000),
            SetCap("b", WALLET, 9_000),
        ]
    )
    failed: list[Exception] = []

    def run(name: int) -> None:
        wallets = (WALLET, OTHER_WALLET) if name % 2 else (OTHER_WALLET, WALLET)
        budgets = ("a", "b") if name % 2 else ("b", "a")
        for turn in range(25):
            try:
                do_all([
                    Charge(f"chg:{name}:{turn}:{wallet.owner}", wallet, 1, to_revenue(wallet), budgets=budgets)
                    for wallet in wallets
                ])  # fmt: skip
            except Unavailable as error:
                failed.append(error)

    threads = [threading.Thread(target=run, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert (count("ledger_hold"), findings()) == (200, [])
