"""A payout whose money is not where its row says is found."""

import pytest
from sqlalchemy import text

from app import db
from app.domain.payouts import audit, batches, requests
from tests.support.paying_out import CHAIN, ONE, RULES, ask, ask_many, make_earner

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def findings() -> list[str]:
    with db.transaction(writes=False) as session:
        return [found.row for found in audit.check_all(session, lambda _name, _share: None)]


def test_a_sound_payout_is_not_found_wherever_it_stands(database: str) -> None:
    open_, paid, back = (ask(make_earner(6 * ONE), None, "0xAda") for _ in range(3))
    with db.transaction() as session:
        batches.note_paid(session, paid.id, "0x1", 1)
        requests.withdraw(session, back.id, "withdrawn")
        batches.note_returned(session, back.id, "0x2", 2)
    assert findings() == []
    with db.transaction() as session:
        session.execute(text("UPDATE payout SET units = units + 1 WHERE id = :id"), {"id": open_.id})
        session.execute(text("UPDATE payout SET status = 'returned' WHERE id = :id"), {"id": paid.id})
    assert findings() == [open_.id, paid.id]


def test_a_batch_that_lost_a_payout_is_found(database: str) -> None:
    ask_many(3)
    with db.transaction() as session:
        opened = batches.open_batch(session, RULES, CHAIN, 100 * ONE, 7)
    assert findings() == []
    with db.transaction() as session:
        session.execute(text("UPDATE payout SET batch_id = NULL WHERE units = :units"), {"units": 5 * ONE + 1})
    assert findings() == [opened.batch_id]
