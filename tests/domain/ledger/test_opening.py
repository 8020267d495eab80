"""Rows that must exist are opened once, and left alone when they are there."""

import threading

import pytest

from app import db
from app.domain.ledger import opening
from app.domain.ledger.accounts import Kind
from app.domain.ledger.opening import open_accounts, open_budgets, open_epochs, open_shared_accounts
from app.sql.statements import session_link
from tests.domain.ledger.money import REVENUE, WALLET, account, count, deposit, do, execute, findings

pytestmark = pytest.mark.usefixtures("database")


def test_what_is_there_stays_as_it_is() -> None:
    do(deposit("d:1", 100))
    execute("INSERT INTO ledger_epoch (subject, epoch, changed_at) VALUES ('key:1', 7, 0)")
    with db.transaction() as session:
        for _ in range(2):
            link = session_link(session)
            open_accounts(link, [WALLET, REVENUE], 1)
            open_budgets(link, {"cap:1": WALLET}, 1)
            open_epochs(link, ["key:1", "key:2"], 1)
    assert count("ledger_account", "posted <> 0") == 1
    assert count("ledger_epoch", "epoch = 7") == 1
    assert (count("ledger_epoch"), count("ledger_budget", "cap = 0"), findings()) == (2, 1, [])


def test_a_shared_account_is_asked_for_until_it_is_committed() -> None:
    with pytest.raises(ZeroDivisionError), db.transaction() as session:
        open_shared_accounts(session_link(session), [REVENUE], 1)
        raise ZeroDivisionError
    for _ in range(2):
        with db.transaction() as session:
            open_shared_accounts(session_link(session), [REVENUE], 1)
    assert count("ledger_account") == 1
    assert REVENUE.id in opening._known[db.engine()]


def test_many_may_open_the_same_account_at_once() -> None:
    def run(number: int) -> None:
        wallet = account(Kind.WALLET, f"w{number % 5}")
        do(deposit(f"d:{number}", 1, wallet))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (count("ledger_account", "kind = 'wallet' AND posted = 4"), findings()) == (5, [])
