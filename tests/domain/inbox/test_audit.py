"""The audit sees whatever is not posted as its row says, and money at a connection that no row explains."""

# ruff: noqa: S608 - SQL behind the ledger's back, with ids of our own

from dataclasses import replace

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from app import db
from app.domain.inbox.audit import check_all
from app.domain.ledger.accounts import Kind, parse
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Post, Transfer
from tests.support.books import assert_books_balance, make_snapshot
from tests.support.paying import Bank, begin, door_of, open_bank


def findings() -> set[str]:
    with db.transaction(writes=False) as session:
        return {finding.check for finding in check_all(session, lambda *_: None)}


async def story() -> tuple[Bank, str, str]:
    """Makes a paid, an open and a twice paid top-up; returns the account, the first's id and its wallet's."""
    snapshot, bank = make_snapshot(), open_bank()
    marks = [begin(snapshot, bank.connection_id) for _ in range(3)]
    for number, paid in enumerate((marks[0], marks[2], marks[2])):
        bank.pay(f"pi_{number}", paid)
        with capture_logs():
            await door_of(bank).receive(bank.connection_id, f"e{number}", f"pi_{number}")
    return bank, marks[0].topup_id, marks[0].account_id


@pytest.mark.unhurried
@pytest.mark.parametrize(
    ("change", "check"),
    [
        ("UPDATE topup SET status = 'created' WHERE id = '{topup}'", "topup"),
        ("UPDATE topup SET status = 'paid', payment_id = 'pi_x' WHERE status = 'created'", "topup"),
        ("UPDATE topup SET credited_nanos = credited_nanos + 1 WHERE id = '{topup}'", "topup"),
        ("UPDATE topup SET account_id = replace(account_id, 'wal_', 'wal_x') WHERE id = '{topup}'", "topup"),
        ("UPDATE topup SET connection_id = 'sandbox' WHERE id = '{topup}'", "topup"),
        ("UPDATE refund SET status = 'pending', finished_at = NULL", "refund"),
        ("UPDATE refund SET paid_cents = paid_cents + 1", "refund"),
        ("UPDATE refund SET connection_id = 'sandbox'", "refund"),
        ("DELETE FROM refund", "connection"),
    ],
)
async def test_a_row_that_its_posting_does_not_bear_out_is_found(database: str, change: str, check: str) -> None:
    _, topup_id, _ = await story()
    assert_books_balance()
    assert findings() == set()
    with db.transaction() as session:
        session.execute(text(change.format(topup=topup_id)))
    assert check in findings()


@pytest.mark.unhurried
async def test_money_at_a_connection_that_no_payment_explains_is_found(database: str) -> None:
    bank, _, wallet_id = await story()
    wallet = parse(wallet_id)
    for number, (world, account) in enumerate(
        [(wallet.beside(Kind.WORLD, bank.connection_id), wallet), (wallet.beside(Kind.WORLD, "sandbox"), wallet)]
    ):
        with db.transaction() as session:
            apply_one(session, Post(f"topup:odd{number}", (Transfer(world, account, 5, "topup"),)))
        assert findings() == {"connection"}
    with db.transaction() as session:
        other = replace(wallet, owner="wal_other").beside(Kind.WORLD, "custom:pw_1")
        apply_one(session, Post("dep_1", (Transfer(other, wallet, 5, "deposit"),)))
    with db.transaction(writes=False) as session:
        assert len(list(check_all(session, lambda *_: None))) == 2


async def test_many_transfers_are_read_in_parts(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.domain.inbox.audit.BATCH", 1)
    _, topup_id, _ = await story()
    assert findings() == set()
    with db.transaction() as session:
        session.execute(text(f"UPDATE topup SET connection_id = 'sandbox' WHERE id = '{topup_id}'"))
    assert findings() == {"topup", "connection"}
