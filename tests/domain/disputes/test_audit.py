"""The audit sees where rows, postings, freezes and lots do not say the same."""

from contextlib import suppress

import pytest

from app import db
from app.domain.ledger.accounts import Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Post, Transfer
from app.domain.wallets import lots
from app.flows.upkeep.audit import audit
from tests.support.books import assert_books_balance
from tests.support.reversed import Reversed
from tests.support.taking_back import someone


class Undone(Exception):
    """Ends a transaction that only looked."""


BROKEN = {
    "UPDATE takeback SET refunds_nanos = refunds_nanos + 1 WHERE n = 1": {"takeback"},
    "UPDATE takeback SET wallet_nanos = 1 WHERE n = 1": {"takeback"},
    "UPDATE dispute SET funds = 'back'": {"takeback"},
    "UPDATE refund SET status = 'failed', finished_at = 1": {"takeback"},
    "UPDATE refund SET reason = 'user', transit_nanos = 1": {"refund"},
    "UPDATE wallet SET frozen_at = NULL": {"freeze"},
    "DELETE FROM wallet_freeze": {"freeze"},
}


@pytest.mark.unhurried
async def test_what_does_not_fit_is_found(database: str) -> None:
    await Reversed().told()
    assert_books_balance()
    for statement, expected in BROKEN.items():
        with suppress(Undone), db.transaction() as session:
            session.connection().exec_driver_sql(statement)
            assert {finding.check for finding in audit(session)} == expected, statement
            raise Undone


@pytest.mark.parametrize("column", ["spent_nanos", "covered_nanos", "back_nanos"])
def test_lots_that_are_not_the_balance_are_found(database: str, column: str) -> None:
    _, account = someone()
    with db.transaction() as session:
        paid = Transfer(account.beside(Kind.WORLD, "x"), account, 100, "topup")
        apply_one(session, Post("topup:a", (paid,)))
        lots.bring_up(session, account, lots.lock(session, account.owner))
    assert_books_balance()
    with db.transaction() as session:
        session.connection().exec_driver_sql(f"UPDATE lot SET {column} = 1")  # noqa: S608 - a column of ours
    with db.transaction(writes=False) as session:
        assert {finding.check for finding in audit(session)} == {"lots"}
