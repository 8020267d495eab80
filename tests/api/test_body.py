"""JSON that can mean one thing only."""

import asyncio
import json
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import settings
from app.api.body import ClientGone, parse_json, read_body
from app.api.errors import BodyTimeout, BodyTooLarge
from app.domain.errors import BadField

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
async def test_every_json_value_is_read_as_it_was_written(value: Any) -> None:
    assert await parse_json(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"nul", b'{"a": 1,}', b"Infinity", b"-Infinity", b"1e400", b"\xff", b"[" * 10**6]
)
async def test_what_is_no_json_is_refused(raw: bytes) -> None:
    with pytest.raises(BadField) as refused:
        await parse_json(raw)
    assert refused.value.code == "invalid_json"


async def test_a_large_body_is_read_the_same_in_its_thread() -> None:
    value = {"x": "y" * 300_000, "z": [1, 2, 3]}
    assert await parse_json(json.dumps(value).encode()) == value
    with pytest.raises(BadField, match="more than once"):
        await parse_json(b'{"a": "' + b"x" * 300_000 + b'", "a": 1}')


def coming(*messages: MutableMapping[str, Any]) -> Any:
    waiting = iter(messages)

    async def receive() -> MutableMapping[str, Any]:
        return next(waiting)

    return receive


async def test_a_body_in_pieces_is_put_together() -> None:
    pieces = [{"type": "http.request", "body": piece, "more_body": True} for piece in (b"a", b"b")]
    last = {"type": "http.request", "body": b"c"}
    assert await read_body(coming(*pieces, last), None) == b"abc"


async def test_a_body_that_breaks_off_and_one_that_is_too_large_are_told_apart() -> None:
    first = {"type": "http.request", "body": b"x" * 15_000_000, "more_body": True}
    with pytest.raises(ClientGone):
        await read_body(coming(first, {"type": "http.disconnect"}), None)
    with pytest.raises(BodyTooLarge):
        await read_body(coming(first, first), None)
    with pytest.raises(BodyTooLarge):
        await read_body(coming(), b"20000001")


async def test_a_body_that_stops_coming_is_waited_for_as_long_as_a_silence_may_be(data_dir: Path) -> None:
    settings.configure(data=data_dir, silence_seconds_max=0.05)
    first = {"type": "http.request", "body": b"abc", "more_body": True}
    messages = iter([first])

    async def receive() -> MutableMapping[str, Any]:
        for message in messages:
            return message
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(BodyTimeout, match=r"3 of 500 bytes came, then nothing for 0\.05 seconds"):
        await read_body(receive, b"500")
