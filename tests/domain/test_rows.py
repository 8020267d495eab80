"""Rows beside an operation are written together, and never into the ledger's tables."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from app import db
from app.domain import rows
from app.domain.all_tables import METADATA
from app.domain.leases.tables import Lease
from app.domain.ledger.tables import LedgerDelta
from app.domain.rows import RowDelete, RowInsert, RowUpdate
from app.domain.usage.tables import IdempotentAnswer
from app.sql.columns import table_of
from app.sql.statements import Values, Write

ANSWERS = table_of(IdempotentAnswer)


def answer(name: str) -> RowInsert:
    return RowInsert(ANSWERS, {"id": name, "body_hash": "h", "answer": {"n": name}, "created_at": 1})


def test_rows_are_inserted_and_changed(database: str) -> None:
    with db.transaction() as session:
        rows.write(session, [answer("a"), answer("b"), RowUpdate(ANSWERS, "a", {"body_hash": "x"})])
    with db.transaction(writes=False) as session:
        found = {row.id: (row.body_hash, row.answer) for row in session.execute(select(ANSWERS))}
    assert found == {"a": ("x", {"n": "a"}), "b": ("h", {"n": "b"})}


def test_each_kind_is_one_statement_however_many_rows_it_has(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    statements: list[str] = []
    run = Write.run

    def note(statement: Write, connection: Connection, values: Sequence[Values]) -> None:
        statements.append(statement._sqlite)
        run(statement, connection, values)

    monkeypatch.setattr(Write, "run", note)
    with db.transaction() as session:
        some = [answer(str(number)) for number in range(9)]
        lease = RowInsert(table_of(Lease), {"name": "n", "owner": "o", "expires_at": 1})
        changes = [RowUpdate(ANSWERS, str(number), {"body_hash": "x"}) for number in range(5)]
        rows.write(session, [*some[:5], lease, *some[5:], *changes])
    written = [statement.split("(")[0].split(" SET")[0].strip() for statement in statements]
    kinds = ["INSERT INTO idempotent_answer", "INSERT INTO lease", "UPDATE idempotent_answer"]
    assert [statement for statement in written if statement.startswith(("INSERT", "UPDATE"))] == kinds


def test_only_the_row_and_the_columns_that_are_named_are_changed(database: str) -> None:
    with db.transaction() as session:
        rows.write(session, [answer("a"), answer("b")])
        rows.write(session, [RowUpdate(ANSWERS, "a", {"created_at": 7}), RowUpdate(ANSWERS, "none", {"created_at": 8})])
        rows.write(session, [])
        found = [tuple(row) for row in session.execute(select(ANSWERS).order_by(ANSWERS.c.id))]
    assert found == [("a", "h", {"n": "a"}, 7, None), ("b", "h", {"n": "b"}, 1, None)]


def test_a_row_that_is_new_changed_and_taken_away_in_one_batch_is_gone(database: str) -> None:
    with db.transaction() as session:
        rows.write(
            session, [RowDelete(ANSWERS, "a"), RowUpdate(ANSWERS, "a", {"created_at": 7}), answer("a"), answer("b")]
        )
        rows.write(session, [RowDelete(ANSWERS, "none")])
        assert session.scalars(select(ANSWERS.c.id)).all() == ["b"]


def test_changes_of_different_columns_of_one_row_all_count(database: str) -> None:
    with db.transaction() as session:
        changes: list[dict[str, Any]] = [{"body_hash": "x"}, {"created_at": 2}, {"answer": {"n": None}}]
        rows.write(session, [answer("a"), *(RowUpdate(ANSWERS, "a", values) for values in changes)])
        row = session.execute(select(ANSWERS)).one()
    assert (row.body_hash, row.created_at, row.answer) == ("x", 2, {"n": None})


def test_the_last_of_two_changes_of_the_same_column_counts(database: str) -> None:
    with db.transaction() as session:
        changes = [RowUpdate(ANSWERS, "a", {"body_hash": text}) for text in "vwxyz"]
        rows.write(session, [answer("a"), *changes])
        assert session.execute(select(ANSWERS.c.body_hash)).scalar_one() == "z"


def test_a_key_that_is_not_new_is_refused(database: str) -> None:
    with db.transaction() as session:
        rows.write(session, [answer("a")])
    with pytest.raises(IntegrityError), db.transaction() as session:
        rows.write(session, [answer("b"), answer("a")])
    with db.transaction(writes=False) as session:
        assert session.execute(select(ANSWERS.c.id)).scalars().all() == ["a"]


def test_the_ledgers_tables_are_refused(database: str) -> None:
    ledger = [table for table in METADATA.tables.values() if table.name.startswith("ledger_")]
    assert table_of(LedgerDelta) in ledger and len(ledger) >= 5
    for table in ledger:
        for row in (RowInsert(table, {"id": "x"}), RowUpdate(table, "x", {"amount": 1})):
            with pytest.raises(ValueError, match=r"apply\.py"), db.transaction() as session:
                rows.write(session, [answer("a"), row])
    with db.transaction(writes=False) as session:
        assert session.execute(select(ANSWERS)).all() == []


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
