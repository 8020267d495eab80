"""Rows beside an operation are written together, and never into the ledger's tables."""

import pytest
from sqlalchemy import select

from app import db
from app.domain import rows
from app.domain.leases.tables import Lease
from app.domain.ledger.tables import LedgerDelta
from app.domain.rows import RowInsert, RowUpdate
from app.domain.tables import table_of
from app.domain.usage.tables import IdempotentAnswer

ANSWERS = table_of(IdempotentAnswer)


def answer(name: str) -> RowInsert:
    return RowInsert(ANSWERS, {"id": name, "body_hash": "h", "answer": {"n": name}, "created_at": 1})


def test_rows_are_inserted_and_changed(database: str) -> None:
    with db.transaction() as session:
        rows.write(session, [answer("a"), answer("b"), RowUpdate(ANSWERS, "a", {"body_hash": "x"})])
    with db.transaction(writes=False) as session:
        found = {row.id: (row.body_hash, row.answer) for row in session.execute(select(ANSWERS))}
    assert found == {"a": ("x", {"n": "a"}), "b": ("h", {"n": "b"})}


def test_the_ledgers_tables_are_refused(database: str) -> None:
    with pytest.raises(ValueError, match=r"apply\.py"), db.transaction() as session:
        rows.write(session, [RowInsert(table_of(LedgerDelta), {"account_id": "x", "amount": 1})])


def test_nothing_is_written_of_a_transaction_that_fails(database: str) -> None:
    with pytest.raises(RuntimeError), db.transaction() as session:
        rows.write(session, [answer("a"), RowInsert(table_of(Lease), {"name": "n", "owner": "o", "expires_at": 1})])
        raise RuntimeError
    with db.transaction(writes=False) as session:
        assert session.execute(select(ANSWERS)).all() == []


def test_a_row_made_and_changed_in_one_batch_keeps_the_change_whatever_came_first(database: str) -> None:
    with db.transaction() as session:
        rows.write(session, [answer("a")])
    # The update of an older row makes its kind the first of the batch.
    changes = [RowUpdate(ANSWERS, name, {"body_hash": "x"}) for name in ("a", "b")]
    with db.transaction() as session:
        rows.write(session, [changes[0], answer("b"), changes[1]])
    with db.transaction(writes=False) as session:
        assert {row.body_hash for row in session.execute(select(ANSWERS))} == {"x"}
