"""What is pending is listed by the day on which it becomes available, which is the day on which it then does."""

from datetime import date, timedelta

import pytest

from app import db
from app.domain import clock
from app.domain.earnings.due import Due, find_due, keep_due, read_due
from app.domain.earnings.earnings import mature, pending_account
from app.domain.earnings.takebacks import Taking, reinstate, take
from app.domain.ledger.accounts import Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Post, Transfer
from app.domain.money import Environment

PENDING = pending_account(Environment.SANDBOX, "pw_1")
EARNINGS, CAPITAL = PENDING.beside(Kind.EARNINGS, "pw_1"), PENDING.beside(Kind.OPERATOR_CAPITAL, "instance")
DAYS = 30
TAKING = Taking("wallet:wal_1", CAPITAL, "earnings_taken_back")


class Calendar:
    """A clock that stands at noon of a day."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.day, self.first = 0, clock.now() // clock.DAY * clock.DAY + clock.DAY // 2
        monkeypatch.setattr(clock, "now", lambda: self.first + self.day * clock.DAY)

    def date(self, day: int) -> date:
        return clock.to_datetime(self.first + day * clock.DAY).date()


def post(name: str, *transfers: Transfer) -> None:
    with db.transaction() as session:
        apply_one(session, Post(name, transfers))


def earn(name: str, amount: int) -> None:
    post(name, Transfer(PENDING.beside(Kind.WORLD, "x"), PENDING, amount, "charge"))


def listed() -> list[tuple[date, int]]:
    with db.transaction() as session:
        keep_due(session, PENDING.id, find_due(session, PENDING.id, DAYS))
        found = read_due(session, PENDING)
        assert all(one == Due(one.day, one.nanos, clock.now()) for one in found)
        return [(one.day, one.nanos) for one in found]


def test_each_days_earnings_are_listed_on_the_day_that_makes_them_available(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = Calendar(monkeypatch)
    earn("e:1", 100)
    earn("e:2", 10)
    at.day = 3
    earn("e:3", 7)
    wanted = [(at.date(DAYS), 110), (at.date(3 + DAYS), 7)]
    assert listed() == wanted
    for day, nanos in wanted:
        before = int((day - at.date(0)) / timedelta(1))
        for at.day, expected in ((before - 1, 0), (before + 1, nanos)):
            with db.transaction() as session:
                assert mature(session, PENDING.id, clock.now() - DAYS * clock.DAY) == expected
    assert listed() == []


def test_what_was_taken_back_is_not_listed_until_it_is_reinstated(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = Calendar(monkeypatch)
    earn("e:1", 100)
    at.day = 1
    earn("e:2", 20)
    with db.transaction() as session:
        moved = take(session, PENDING, 50, TAKING)
    post("t:1", *moved)
    assert listed() == [(at.date(DAYS), 70)]
    with db.transaction() as session:
        moved = reinstate(session, PENDING, 50, TAKING.source, CAPITAL)
    post("r:1", *moved)
    assert listed() == [(at.date(DAYS), 100), (at.date(DAYS + 1), 20)]
