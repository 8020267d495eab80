"""Columns in PostgreSQL's binary form: what the database reads is what was given."""

import json
import struct
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.sql.arrays import BIGINT_ARRAY_OID, TEXT_ARRAY_OID, text_array, whole_array

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
WHOLE = st.integers(-(2**63), 2**63 - 1)


def read_back(url: str, oid: int, kind: str, raw: bytes) -> Any:
    with psycopg.connect(url) as connection:
        result = connection.pgconn.exec_params(f"SELECT to_jsonb($1::{kind}[])::text".encode(), [raw], [oid], [1])
        assert result.status == psycopg.pq.ExecStatus.TUPLES_OK, result.error_message
        value = result.get_value(0, 0)
        assert value is not None
        return json.loads(value)


@pytest.mark.postgres
@given(values=st.lists(st.none() | TEXT, min_size=1, max_size=30))
@hypothesis_settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_texts_arrive_as_they_are(postgres_server: str, values: list[str | None]) -> None:
    assert read_back(postgres_server, TEXT_ARRAY_OID, "text", text_array(values)) == values


@pytest.mark.postgres
@given(values=st.lists(st.none() | WHOLE, min_size=1, max_size=30))
@hypothesis_settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whole_numbers_arrive_as_they_are(postgres_server: str, values: list[int | None]) -> None:
    assert read_back(postgres_server, BIGINT_ARRAY_OID, "bigint", whole_array(values)) == values


@pytest.mark.postgres
def test_a_long_text_arrives_whole(postgres_server: str) -> None:
    values = ["ü" * 3_000, None, ""]
    assert read_back(postgres_server, TEXT_ARRAY_OID, "text", text_array(values)) == values


def test_a_number_of_more_than_64_bits_is_refused() -> None:
    for values in ([2**63], [2**63, None]):
        with pytest.raises(struct.error):
            whole_array(values)
