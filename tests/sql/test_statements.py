"""Statements on many rows: the same rows on both databases, whatever their number."""

import pytest
from sqlalchemy import text

from app import db
from app.domain.people.tables import SignInCode
from app.domain.usage.tables import IdempotentAnswer
from app.sql.columns import table_of
from app.sql.statements import Read, delete, insert, update

pytestmark = pytest.mark.usefixtures("database")

CODES = table_of(SignInCode)
COLUMNS = ("id", "email", "code_hash", "browser_hash", "address", "created_at", "used_at", "tries")
READ = Read("SELECT id, email, created_at, used_at FROM sign_in_code WHERE id IN ? ORDER BY id FOR NO KEY UPDATE")


def rows(number: int) -> list[tuple[object, ...]]:
    return [(f"e{n:04}", f"mail 'ü%?{n}", "p", "q", "r", n * 10**12, n if n % 2 else None, n) for n in range(number)]


@pytest.mark.parametrize("number", [0, 1, 2, 700])
def test_rows_are_inserted_changed_read_and_deleted(number: int) -> None:
    ids = [f"e{n:04}" for n in range(number)]
    with db.transaction() as session:
        connection = session.connection()
        insert(CODES, COLUMNS).run(connection, rows(number))
        update(CODES, ("email", "used_at")).run(connection, [(f"new {key}", None, key) for key in ids])
        read = [tuple(row) for row in READ.rows(connection, [*reversed(ids), "nobody"])]
        assert read == [(key, f"new {key}", n * 10**12, None) for n, key in enumerate(ids)]
        delete(CODES).run(connection, [(key,) for key in ids])
        assert READ.rows(connection, ids) == ([] if ids else ())


def test_rows_that_are_there_may_be_left_alone() -> None:
    with db.transaction() as session:
        connection = session.connection()
        insert(CODES, COLUMNS).run(connection, rows(2))
        insert(CODES, COLUMNS, unless_there=True).run(connection, [(*row[:1], "other", *row[2:]) for row in rows(3)])
        mails = [mail for _, mail, *_ in READ.rows(connection, ["e0000", "e0001", "e0002"])]
    assert mails == ["mail 'ü%?0", "mail 'ü%?1", "other"]


@pytest.mark.parametrize("number", [1, 3])
def test_json_is_written_as_its_column_says(number: int) -> None:
    answers = [(f"a{n}", "hash", {"n": n, "ü": [None, True]}, 1) for n in range(number)]
    with db.transaction() as session:
        statement = insert(table_of(IdempotentAnswer), ("id", "body_hash", "answer", "created_at"))
        statement.run(session.connection(), answers)
        stored = list(session.execute(text("SELECT answer FROM idempotent_answer ORDER BY id")).scalars())
        assert stored == [f'{{"n":{n},"ü":[null,true]}}' for n in range(number)]
        assert session.get_one(IdempotentAnswer, "a0").answer == {"n": 0, "ü": [None, True]}
