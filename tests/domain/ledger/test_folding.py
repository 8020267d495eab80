"""Folding: every delta is counted once, whoever folds and whoever adds meanwhile."""

import threading

import pytest

from app import db
from app.domain.ledger import folding
from app.domain.ledger.folding import fold_deltas, read_balance
from app.domain.ledger.operations import Charge, Post, Transfer
from tests.domain.ledger.money import (
    EARNINGS,
    PENDING,
    REVENUE,
    WALLET,
    WORLD,
    count,
    deposit,
    do,
    findings,
    posted,
    to_revenue,
)


def fold() -> int:
    with db.transaction() as session:
        return fold_deltas(session)


def balance_of_revenue() -> int:
    with db.transaction(writes=False) as session:
        return read_balance(session, REVENUE)


@pytest.mark.usefixtures("database")
def test_deltas_move_to_their_accounts() -> None:
    do(deposit("d:1", 100))
    for number in range(5):
        do(Charge(f"chg:{number}", WALLET, 7, to_revenue()))
    assert (posted(REVENUE), balance_of_revenue()) == (0, 35)
    assert fold() == 6
    assert (posted(REVENUE), posted(WORLD), balance_of_revenue(), count("ledger_delta")) == (35, -100, 35, 0)
    assert fold() == 0
    assert findings() == []


@pytest.mark.usefixtures("database")
def test_a_call_folds_no_more_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "ROWS_MAX", 4)
    do(deposit("d:1", 100))
    for number in range(9):
        do(Charge(f"chg:{number}", WALLET, 7, to_revenue()))
    assert [fold() for _ in range(4)] == [4, 4, 2, 0]
    assert (posted(REVENUE), findings()) == (63, [])


@pytest.mark.usefixtures("database")
def test_a_fold_that_is_rolled_back_folds_nothing() -> None:
    do(deposit("d:1", 100))
    with pytest.raises(ZeroDivisionError), db.transaction() as session:
        fold_deltas(session)
        raise ZeroDivisionError
    assert (count("ledger_delta"), posted(WORLD), findings()) == (1, 0, [])


@pytest.mark.unhurried
@pytest.mark.usefixtures("database")
def test_folding_beside_others_that_fold_and_post_loses_nothing() -> None:
    do(deposit("d:1", 10_000))

    def charge(first: int) -> None:
        for number in range(first, first + 40):
            do(Charge(f"chg:{number}", WALLET, 10, to_revenue()))
            do(Post(f"in:{number}", (Transfer(WORLD, PENDING, 5, "x"),)))
            do(Post(f"mature:{number}", (Transfer(PENDING, EARNINGS, 3, "x"),)))

    def folding_thread() -> None:
        while any(thread.is_alive() for thread in charging):
            fold()

    charging = [threading.Thread(target=charge, args=(first,)) for first in (0, 100)]
    folders = [threading.Thread(target=folding_thread) for _ in range(2)]
    for thread in (*charging, *folders):
        thread.start()
    for thread in (*charging, *folders):
        thread.join()
    fold()
    assert (posted(REVENUE), posted(PENDING), posted(EARNINGS), posted(WALLET)) == (800, 160, 240, 9_200)
    assert findings() == []
