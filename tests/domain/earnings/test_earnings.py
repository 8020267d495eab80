"""Earnings mature once, by their age, after what the paywall owes."""

import pytest

from app import db
from app.domain import clock
from app.domain.earnings.earnings import Earnings, list_pending, mature, pending_account, read_earnings
from app.domain.ledger.accounts import Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.folding import fold_deltas
from app.domain.ledger.operations import Post, Transfer
from app.domain.money import Environment
from tests.support.books import assert_books_balance

PENDING = pending_account(Environment.SANDBOX, "pw_1")
WORLD = PENDING.beside(Kind.WORLD, "x")


def post(name: str, *transfers: Transfer) -> None:
    with db.transaction() as session:
        apply_one(session, Post(name, transfers))


def earn(name: str, amount: int) -> int:
    post(name, Transfer(WORLD, PENDING, amount, "charge"))
    return clock.now() + 1


def run(before: int) -> int:
    with db.transaction() as session:
        return mature(session, PENDING.id, before)


def stand() -> Earnings:
    with db.transaction(writes=False) as session:
        return read_earnings(session, Environment.SANDBOX, "pw_1")


@pytest.mark.unhurried
def test_what_is_old_enough_matures_once(database: str) -> None:
    first = earn("e:1", 100)
    assert stand() == Earnings(100, 0, 0)
    assert run(first) == 100
    later = earn("e:2", 30)
    assert run(first) == 0 and stand() == Earnings(30, 100, 0)
    assert run(later) == 30 and run(later) == 0 and run(first) == 0
    assert stand() == Earnings(0, 130, 0)
    with db.transaction() as session:
        assert list_pending(session) == [PENDING.id]
    assert_books_balance()


@pytest.mark.parametrize(("owed", "left", "repaid"), [(40, 0, 40), (100, 0, 100), (250, 150, 100)])
def test_a_shortfall_is_repaid_first(database: str, owed: int, left: int, repaid: int) -> None:
    shortfall = PENDING.beside(Kind.SHORTFALL, "pw_1")
    post("s:1", Transfer(shortfall, PENDING.beside(Kind.PROVIDER_PAYABLE, "built-in"), owed, "shortfall"))
    before = earn("e:1", 100)
    assert stand().owed_nanos == owed
    assert run(before) == 100
    assert stand() == Earnings(0, 100 - repaid, left)
    assert_books_balance()


def test_what_was_taken_back_meanwhile_does_not_mature(database: str) -> None:
    before = earn("e:1", 100)
    post("back:1", Transfer(PENDING, WORLD, 80, "chargeback"))
    assert run(before) == 20
    assert stand() == Earnings(0, 20, 0)


def test_folding_in_between_changes_nothing(database: str) -> None:
    earn("e:1", 100)
    with db.transaction() as session:
        fold_deltas(session)
    before = earn("e:2", 11)
    assert stand() == Earnings(111, 0, 0)
    assert run(before) == 111
    with db.transaction() as session:
        fold_deltas(session)
    assert stand() == Earnings(0, 111, 0)
    assert_books_balance()
