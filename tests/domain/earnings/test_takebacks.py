"""Earnings are taken back from pending, then available, then as a shortfall, and reinstated exactly there."""

import pytest
from sqlalchemy import func, select

from app import db
from app.domain import clock
from app.domain.earnings.earnings import mature
from app.domain.earnings.takebacks import TAKEN_BACK, Taking, outstanding, reinstate, take
from app.domain.ledger.accounts import Account, Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Post, Transfer
from app.domain.ledger.tables import LedgerTransfer
from app.domain.money import Environment, Unit
from app.sql.columns import table_of

PENDING = Account(Environment.SANDBOX, Unit.USDC, Kind.EARNINGS_PENDING, "pw_1")
CAPITAL = PENDING.beside(Kind.OPERATOR_CAPITAL, "instance")
DAY = 86_400 * clock.SECOND
SOURCE = "wallet:wal_1"


class Calendar:
    """A clock that tests turn on by days."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.day, self.start, self.keys = 0, clock.now(), 0
        monkeypatch.setattr(clock, "now", lambda: self.start + self.day * DAY)

    def post(self, *transfers: Transfer) -> None:
        if transfers:
            self.keys += 1
            with db.transaction() as session:
                apply_one(session, Post(f"t:{self.keys}", transfers))

    def earn(self, amount: int) -> int:
        self.post(Transfer(PENDING.beside(Kind.WORLD, "x"), PENDING, amount, "charge"))
        with db.transaction(writes=False) as session:
            return int(session.scalar(select(func.max(table_of(LedgerTransfer).c.id))) or 0)

    def mature(self) -> None:
        with db.transaction() as session:
            mature(session, PENDING.id, clock.now() - 30 * DAY)

    def take(self, amount: int, *own: int) -> None:
        with db.transaction() as session:
            moved = take(session, PENDING, amount, Taking(SOURCE, CAPITAL, TAKEN_BACK, own))
        self.post(*moved)

    def reinstate(self, amount: int) -> None:
        with db.transaction() as session:
            moved = reinstate(session, PENDING, amount, SOURCE, CAPITAL)
        self.post(*moved)


def state() -> tuple[int, ...]:
    from app.domain.ledger.folding import read_balance

    kinds = (Kind.EARNINGS_PENDING, Kind.EARNINGS, Kind.SHORTFALL)
    with db.transaction(writes=False) as session:
        return tuple(read_balance(session, PENDING.beside(kind, "pw_1")) for kind in kinds)


def left() -> int:
    with db.transaction(writes=False) as session:
        return sum(outstanding(session, SOURCE).values())


@pytest.mark.unhurried
def test_what_is_reinstated_becomes_available_on_its_first_date(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calendar = Calendar(monkeypatch)
    first = calendar.earn(10)
    calendar.day = 5
    calendar.earn(20)
    calendar.take(8, first)
    assert (state(), left()) == ((22, 0, 0), 8)
    calendar.day = 20
    calendar.reinstate(8)
    assert (state(), left()) == ((30, 0, 0), 0)
    calendar.day = 31
    calendar.mature()
    assert state() == (20, 10, 0)
    calendar.day = 51
    calendar.mature()
    assert state() == (0, 30, 0)


def test_a_span_is_its_credits_less_what_was_taken_of_them(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calendar = Calendar(monkeypatch)
    first = calendar.earn(10)
    calendar.day = 5
    calendar.earn(20)
    calendar.take(8, first)
    calendar.day = 31
    calendar.mature()
    assert state() == (20, 2, 0)
    # Its own day has come meanwhile, so that it is available at once.
    calendar.reinstate(8)
    assert state() == (20, 10, 0)


@pytest.mark.unhurried
def test_pending_then_available_then_shortfall_and_back(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calendar = Calendar(monkeypatch)
    calendar.earn(10)
    calendar.day = 31
    calendar.mature()
    calendar.earn(20)
    calendar.take(35)
    assert (state(), left()) == ((0, 0, -5), 35)
    calendar.reinstate(6)
    assert (state(), left()) == ((0, 1, 0), 29)
    calendar.reinstate(29)
    assert (state(), left()) == ((20, 10, 0), 0)


def test_a_shortfall_that_was_repaid_meanwhile_is_reinstated_as_available(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calendar = Calendar(monkeypatch)
    calendar.take(5)
    calendar.earn(9)
    calendar.day = 31
    calendar.mature()
    assert state() == (0, 4, 0)
    calendar.reinstate(5)
    assert state() == (0, 9, 0)


@pytest.mark.unhurried
def test_nothing_is_taken_twice_of_one_earning(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calendar = Calendar(monkeypatch)
    first, second = calendar.earn(10), calendar.earn(10)
    calendar.take(6, first)
    calendar.take(6, first)
    assert state() == (8, 0, 0)
    calendar.day = 31
    calendar.mature()
    assert state() == (0, 8, 0)
    assert second > first
