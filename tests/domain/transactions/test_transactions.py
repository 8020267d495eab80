"""Numbers are allotted once each, without gaps, with the bytes that were signed for them."""

import threading

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import db
from app.domain.transactions import transactions
from app.domain.transactions.tables import ChainAttempt, Purpose
from app.domain.transactions.transactions import Form, NewTransaction, NumberTaken

NEW = NewTransaction(Purpose.PAYOUTS, "bat_1", "0xTo", b"\x01", 21_000)
ACCOUNT = transactions.account_id(31_337, "0xGas")
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def form(name: str, fee: int = 10) -> Form:
    return Form(name.encode(), f"0x{name}", fee, 1)


def begin(number: int = 4) -> int:
    with db.transaction() as session:
        return transactions.open_account(session, 31_337, "0xGas", number)


def allot(number: int, name: str) -> str:
    with db.transaction() as session:
        return transactions.allot(session, ACCOUNT, number, NEW, form(name))


@on_sqlite
def test_an_account_begins_where_the_chain_is_and_goes_on_by_its_rows(database: str) -> None:
    assert begin() == 4 and begin(9) == 4
    first = allot(4, "a")
    with pytest.raises(NumberTaken, match="number 5, not 4"):
        allot(4, "b")
    second = allot(5, "c")
    with db.transaction() as session:
        assert [(one.id, one.number) for one in transactions.list_open(session, ACCOUNT)] == [(first, 4), (second, 5)]
        transactions.note_final(session, ACCOUNT, 5)
        assert not transactions.is_open(session, first) and transactions.is_open(session, second)
        transactions.skip_to(session, 31_337, "0xGas", 3)
        assert transactions.find_next_number(session, 31_337, "0xGas") == 6
        transactions.skip_to(session, 31_337, "0xGas", 8)
        assert transactions.find_next_number(session, 31_337, "0xGas") == 8


def _hashes(session: Session) -> list[str]:
    return sorted(one.hash for one in session.scalars(select(ChainAttempt)))


@on_sqlite
def test_the_newest_form_is_sent_and_all_hashes_stay(database: str) -> None:
    begin()
    made = allot(4, "a")
    with db.transaction() as session:
        transactions.replace(session, made, form("b", 12))
        (open_,) = transactions.list_open(session, ACCOUNT)
        assert open_.form == form("b", 12) and open_.sent_at is None and not open_.is_alarmed
        transactions.note_sent(session, open_.attempt_id)
        transactions.note_alarmed(session, made)
        (open_,) = transactions.list_open(session, ACCOUNT)
        assert open_.sent_at is not None and open_.is_alarmed
        assert _hashes(session) == ["0xa", "0xb"]
        transactions.note_final(session, ACCOUNT, 5)
        transactions.replace(session, made, form("c", 14))
        assert _hashes(session) == ["0xa", "0xb"]


def test_two_at_once_never_get_one_number(database: str) -> None:
    begin(0)
    taken, start = list[str | NumberTaken](), threading.Barrier(4)

    def run(name: str) -> None:
        start.wait()
        try:
            taken.append(allot(0, name))
        except NumberTaken as refused:
            taken.append(refused)

    threads = [threading.Thread(target=run, args=(f"t{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(one, str) for one in taken) == 1 and len(taken) == 4
