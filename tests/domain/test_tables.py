"""Column types are the same on both databases."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app import db
from app.domain.tables import STRICT, table_of
from app.domain.usage.tables import IdempotentAnswer


def test_json_is_read_back_as_it_was_written(database: str) -> None:
    value = {"text": 'ä"\u2028', "list": [1, None, True], "exact": "0.000000001"}
    with db.transaction() as session:
        session.add(IdempotentAnswer(id="a", body_hash="h", answer=value, created_at=2**62))
    with db.transaction(writes=False) as session:
        stored = session.get(IdempotentAnswer, "a")
        assert stored is not None
        assert (stored.answer, stored.created_at) == (value, 2**62)


def test_sqlite_stores_no_text_where_a_number_belongs(migrated_sqlite_url: str) -> None:
    with pytest.raises(IntegrityError), db.transaction() as session:
        session.execute(text("INSERT INTO lease VALUES ('n', 'o', 'soon')"))


def test_every_table_is_strict() -> None:
    assert STRICT == {"sqlite_strict": True}
    assert table_of(IdempotentAnswer).dialect_options["sqlite"]["strict"]
