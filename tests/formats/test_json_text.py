"""JSON is read as the official SDKs read it, and what is given back can be written again."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.formats.json_text import read_json, read_object, values_in


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a": NaN, "b": [Infinity, -Infinity, 1]}', {"a": None, "b": [None, None, 1]}),
        (b'{"a": "x\\ud83d"}', {"a": "x\ufffd"}),
        (b'{"a": "\\ude00x"}', {"a": "\ufffdx"}),
        (b'{"a\\ud83d": "\\ud83d\\ude00"}', {"a\ufffd": "😀"}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": "caf\xe9"}', {"a": "caf\ufffd"}),
        (b'{"a": "one\ntwo"}', {"a": "one\ntwo"}),
        (b'{"a": NaN, "b": 99999999999999999999}', {"a": None, "b": 1e20}),
    ],
)
def test_what_pythons_reader_reads_is_read(text: bytes, value: object) -> None:
    assert read_json(text) == value == orjson.loads(orjson.dumps(read_json(text)))


@pytest.mark.parametrize("text", [b"", b"{", b"<html>", b"[DONE]", b"{'a': 1}", b"NaN NaN", b"[" * 100_000,
                                  b"[" * 900 + b"NaN" + b"]" * 900])  # fmt: skip
def test_what_nobody_reads_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):
        read_json(text)
    assert read_object(text) is None


@pytest.mark.parametrize("text", [b"7", b"null", b"[]", b'"x"'])
def test_what_is_no_object_is_none(text: bytes) -> None:
    assert read_object(text) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.unhurried
@given(json_values)
def test_whatever_python_writes_is_read_and_can_be_written_again(value: object) -> None:
    orjson.dumps(read_json(json.dumps(value).encode()))


@pytest.mark.unhurried
@given(json_values)
def test_no_more_values_are_built_than_were_counted(value: object) -> None:
    def built(value: object) -> int:
        inner = value if isinstance(value, list) else [*value.values()] if isinstance(value, dict) else []
        return 1 + sum(map(built, inner))

    assert values_in(json.dumps(value).encode()) >= built(value) - 1
