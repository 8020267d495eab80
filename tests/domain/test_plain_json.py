"""What every reader of JSON takes passes, and what some refuse is named."""

import math
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import BadField
from app.domain.plain_json import DEPTH_MAX, INTEGER_MAX, INTEGER_MIN, check_plain, why_not_plain


def nested(depth: int, *, by_name: bool = False) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"a": value} if by_name else [value]
    return value


@pytest.mark.parametrize(
    "value",
    [None, True, "ü \U0001f600", "", 1.5, -0.0, INTEGER_MIN, INTEGER_MAX, [], {}, {"a": [{"b": "c"}]},
     nested(DEPTH_MAX - 1), nested(DEPTH_MAX - 1, by_name=True)],
)  # fmt: skip
def test_what_everybody_reads_passes(value: Any) -> None:
    check_plain({"metadata": value})
    assert orjson.loads(orjson.dumps(value)) == value


REFUSED = [
    (INTEGER_MAX + 1, "64 bits"), (INTEGER_MIN - 1, "64 bits"), (10**4_000, "64 bits"), ([{"a": 2**70}], "64 bits"),
    ("\ud800", "surrogate"), ({"\udfff": 1}, "surrogate"), (["a\udc00b"], "surrogate"),
    (math.nan, "none"), (math.inf, "none"), ({"a": [-math.inf]}, "none"),
    ("a\x00", "NUL"), ({"\x00": 1}, "NUL"), ([["\x00"]], "NUL"),
    (nested(DEPTH_MAX), "levels deep"), (nested(100_000), "levels deep"), (nested(900, by_name=True), "levels deep"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "why"), REFUSED, ids=range(len(REFUSED)))
def test_what_some_refuse_is_named(value: Any, why: str) -> None:
    with pytest.raises(BadField, match=why) as refused:
        check_plain({"fine": 1, "metadata": value})
    assert (refused.value.field, refused.value.code) == ("metadata", "invalid_json")


@pytest.mark.parametrize("name", ["\x00", "a\ud800"])
def test_a_name_that_cannot_be_kept_is_not_repeated(name: str) -> None:
    with pytest.raises(BadField, match="name of a field") as refused:
        check_plain({name: 1})
    assert refused.value.field is None and refused.value.message.isprintable()


@pytest.mark.unhurried
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner)))  # fmt: skip
def test_what_passes_can_be_written_and_kept(value: Any) -> None:
    if why_not_plain(value) is None:
        assert "\\u0000" not in orjson.dumps(value).decode().replace("\\\\", "")
