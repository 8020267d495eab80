"""What would be too much is refused before it is built; what is not is let through, whatever its strings hold."""

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.api.common.body import parse_json
from app.api.common.json_shape import DEPTH_MAX, VALUES_MAX, check_shape
from app.domain.errors import BadField

DEEP = "nested too deeply"
MANY = "too many values"


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@pytest.mark.unhurried
@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (nested(DEPTH_MAX + 1), DEEP),
        (b'{"a":' * 300 + b"1" + b"}" * 300, DEEP),
        (b"[" * 100_000, MANY),
        (b'{"a":' * 90_000, DEEP),
        (b'{"m":[' + b"[]," * 50_000 + nested(65) + b"]}", MANY),
        (b"[" + b"[]," * 6_000_000 + b"[]]", MANY),
        (b"[" + b"{}," * 100_000 + b"{}]", MANY),
        (b"[" + b"1," * VALUES_MAX + b"1]", MANY),
        (b"[" + b'"",' * 6_000_000 + b'""]', MANY),
        (b'["\\\\",' + b"[]," * 100_000 + b'"\\""]', MANY),
        (b'{"a":"\\"[",' + b'"b":' + nested(100) + b"}", DEEP),
    ],
)
async def test_what_is_too_much_is_refused_before_it_is_built(raw: bytes, why: str) -> None:
    tracemalloc.start()
    with pytest.raises(BadField, match=why) as refused:
        await parse_json(raw)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused.value.code == "invalid_json" and peak < 4 * len(raw) + 40_000_000


@pytest.mark.parametrize(
    "content",
    [
        {"messages": [{"content": "[{" * 500_000 + '\\"' * 1_000 + "," * 200_000}]},
        {"messages": [{"content": "x"}] * 10_000},
        [1] * (VALUES_MAX - 1),
        json.loads(nested(DEPTH_MAX)),
        ["\\", '"', "[" * 100],
    ],
)
async def test_what_is_not_too_much_is_read_as_it_stands(content: Any) -> None:
    assert await parse_json(json.dumps(content, separators=(",", ":")).encode()) == content
    assert await parse_json(json.dumps(content, indent=1).encode()) == content


def depth_of(value: Any) -> int:
    if not isinstance(value, (list, dict)):
        return 0
    return 1 + max(map(depth_of, value.values() if isinstance(value, dict) else value), default=0)


@pytest.mark.unhurried
@given(some.recursive(some.text('a"\\[]{},', max_size=5), lambda inner: some.lists(inner) | some.dictionaries(
    some.text('a"\\[{', max_size=3), inner), max_leaves=20), some.integers(0, 80))  # fmt: skip
def test_depth_is_counted_as_it_is(value: Any, more: int) -> None:
    raw = b"[" * more + json.dumps(value).encode() + b"]" * more
    if depth_of(value) + more <= DEPTH_MAX:
        check_shape(raw)
    else:
        with pytest.raises(BadField, match=DEEP):
            check_shape(raw)
