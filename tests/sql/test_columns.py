"""Column types are the same on both databases."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import CheckConstraint, select, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import IntegrityError

from app import db
from app.domain.all_tables import METADATA
from app.domain.topups.tables import Topup, TopupStatus
from app.domain.usage.tables import IdempotentAnswer
from app.sql.columns import STRICT, Json, Octets, OneOf, Whole, Words, table_of


def test_json_is_read_back_as_it_was_written(database: str) -> None:
    value = {"text": 'ä"\u2028🪙', "list": [1, None, True], "exact": "0.000000001", "zero": "\x00", "half": "\ud800\\"}
    with db.transaction() as session:
        session.add(IdempotentAnswer(id="a", body_hash="h", answer=value, created_at=2**62))
    with db.transaction(writes=False) as session:
        stored = session.get(IdempotentAnswer, "a")
        assert stored is not None
        assert (stored.answer, stored.created_at) == (value, 2**62)


def test_sqlite_stores_no_text_where_a_number_belongs(migrated_sqlite_url: str) -> None:
    with pytest.raises(IntegrityError), db.transaction() as session:
        session.execute(text("INSERT INTO lease VALUES ('n', 'o', 'soon')"))


@pytest.mark.parametrize("name", sorted(METADATA.tables))
def test_every_table_of_sqlite_is_strict_as_it_was_migrated(migrated_sqlite_url: str, name: str) -> None:
    """Asked of the database, which a migration made, and not of the models."""
    with db.transaction(writes=False) as session:
        strict = session.execute(text("SELECT strict FROM pragma_table_list WHERE name = :name"), {"name": name})
        assert strict.scalar_one() == 1


def test_every_table_says_that_it_is_strict() -> None:
    assert STRICT == {"sqlite_strict": True}
    assert [table.name for table in METADATA.tables.values() if not table.dialect_options["sqlite"]["strict"]] == []


def test_no_column_has_a_type_that_the_databases_understand_differently() -> None:
    columns = [column for table in METADATA.tables.values() for column in table.columns]
    assert [str(column) for column in columns if not isinstance(column.type, (Whole, Words, Json, OneOf, Octets))] == []


# All that a parsed body can hold: also the zero character, which PostgreSQL stores in no text, and half a surrogate
# pair, which has no UTF-8.
TEXT = st.text() | st.sampled_from(["\ud800", "a\udfff", "\\ud800"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@pytest.mark.unhurried
@given(st.dictionaries(st.text(), VALUES, max_size=4) | st.lists(VALUES, max_size=4) | st.text() | st.booleans())
def test_any_json_comes_back_from_its_text(value: Any) -> None:
    dialect = sqlite.dialect()
    written = Json().process_bind_param(value, dialect)
    assert written is not None and Json().process_result_value(written, dialect) == value
    assert "\x00" not in written and written.encode().decode() == written


def test_no_json_is_null_and_not_the_word() -> None:
    assert Json().process_bind_param(None, sqlite.dialect()) is None
    assert Json().process_result_value(None, sqlite.dialect()) is None


@pytest.mark.parametrize("number", [0, -1, 2**53 + 1, 2**63 - 1, -(2**63)])
def test_whole_numbers_are_kept_to_the_last_bit(database: str, number: int) -> None:
    with db.transaction() as session:
        session.add(IdempotentAnswer(id="a", body_hash="h", answer={}, created_at=number))
    with db.transaction(writes=False) as session:
        assert session.execute(text("SELECT created_at FROM idempotent_answer")).scalar_one() == number


@pytest.mark.parametrize("status", TopupStatus)
def test_a_status_is_kept_as_its_text_and_read_as_what_it_means(database: str, status: TopupStatus) -> None:
    with db.transaction() as session:
        session.add(Topup(id="top_1", wallet_id="w", account_id="a", connection_id="sandbox", currency="USD",
                          paid_cents=5, credited_nanos=5, status=status, payment_id="p", created_at=1))  # fmt: skip
    with db.transaction(writes=False) as session:
        assert session.scalar(text("SELECT status FROM topup")) == status.value
        table = table_of(Topup)
        assert session.scalar(select(table.c.status).where(table.c.status == status)) is status
        assert session.scalar(select(table.c.id).where(table.c.status != status)) is None
        stored = session.get(Topup, "top_1")
        assert stored is not None and stored.status is status


UNCONSTRAINED = {
    "paywall_authorization.ended_by", "model_price.source", "model_price.retired_because", "request.user_from",
    "request.kind", "request.mode", "connection.endpoint_status", "inbox_event.kind", "topup.kind",
}  # fmt: skip
"""Columns that were text before they were enums, or joined a table that was there.

SQLite adds a constraint only by writing a table anew.
"""


def test_every_status_of_a_table_is_what_its_constraint_lets_in() -> None:
    """An enum that gains a member needs a migration of the constraint."""
    found = 0
    for table in METADATA.tables.values():
        allowed = {str(check.sqltext) for check in table.constraints if isinstance(check, CheckConstraint)}
        for column in table.columns:
            if isinstance(column.type, OneOf) and f"{table.name}.{column.name}" not in UNCONSTRAINED:
                words = ", ".join(f"'{member.value}'" for member in column.type.kind)
                assert f"{column.name} IN ({words})" in allowed, f"{table.name}.{column.name}"
                found += 1
    assert found >= 5
