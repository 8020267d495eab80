"""JSON that can mean one thing only."""

import asyncio
import gzip
import json
import math
from collections.abc import MutableMapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.common import body
from app.api.common.body import BodyLimits, ClientGone, parse_json, read_body
from app.api.common.errors import BodyTimeout, BodyTooLarge
from app.domain.errors import BadField

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.unhurried
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


async def test_a_number_of_thousands_of_digits_is_refused_in_our_own_words() -> None:
    for raw in (b"9" * 5_000, b'{"a": -' + b"9" * 5_000 + b"}"):
        with pytest.raises(BadField) as refused:
            await parse_json(raw)
        assert refused.value.message.endswith("is too large.") and "sys." not in refused.value.message


async def test_a_large_body_is_read_the_same_in_its_thread() -> None:
    value = {"x": "y" * 300_000, "z": [1, 2, 3]}
    assert await parse_json(json.dumps(value).encode()) == value
    with pytest.raises(BadField, match="more than once"):
        await parse_json(b'{"a": "' + b"x" * 300_000 + b'", "a": 1}')


@given(st.lists(st.sampled_from([b'": ', b'":', b", ", b",", b" ", b":", b'"', b"a", b"bcd"]), max_size=40), st.data())
def test_texts_are_compared_by_pieces_as_if_they_were_whole(parts: list[bytes], data: st.DataObject) -> None:
    raw = b"".join(parts)
    again = b"".join(data.draw(st.permutations(parts))) if data.draw(st.booleans()) else _tight(raw)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(body, "PIECE_BYTES", data.draw(st.integers(1, 6)))
        assert body._says_the_same(raw, again) == (_tight(raw) == _tight(again))


def _tight(raw: bytes) -> bytes:
    return raw.replace(b'": ', b'":').replace(b", ", b",")


def coming(*messages: MutableMapping[str, Any]) -> Any:
    waiting = iter(messages)

    async def receive() -> MutableMapping[str, Any]:
        return next(waiting)

    return receive


LIMITS = BodyLimits(bytes_max=20_000_000, seconds=60, silence_seconds=120)


async def test_a_body_in_pieces_is_put_together() -> None:
    pieces = [{"type": "http.request", "body": piece, "more_body": True} for piece in (b"a", b"b")]
    last = {"type": "http.request", "body": b"c"}
    assert await read_body(coming(*pieces, last), {}, LIMITS) == b"abc"


async def test_a_body_that_breaks_off_and_one_that_is_too_large_are_told_apart() -> None:
    first = {"type": "http.request", "body": b"x" * 15_000_000, "more_body": True}
    with pytest.raises(ClientGone):
        await read_body(coming(first, {"type": "http.disconnect"}), {}, LIMITS)
    with pytest.raises(BodyTooLarge):
        await read_body(coming(first, first), {}, LIMITS)
    with pytest.raises(BodyTooLarge):
        await read_body(coming(), {b"content-length": b"20000001"}, LIMITS)


async def test_a_body_is_decompressed_within_the_same_limit() -> None:
    zipped = {"type": "http.request", "body": gzip.compress(b"x" * 1_000)}
    headers = {b"content-encoding": b"gzip"}
    assert await read_body(coming(zipped), headers, replace(LIMITS, bytes_max=1_000)) == b"x" * 1_000
    with pytest.raises(BodyTooLarge):
        await read_body(coming(zipped), headers, replace(LIMITS, bytes_max=999))


def dripping(piece: bytes, pause_seconds: float) -> Any:
    """Sends a piece again and again, with pauses."""

    async def receive() -> MutableMapping[str, Any]:
        await asyncio.sleep(pause_seconds)
        return {"type": "http.request", "body": piece, "more_body": True}

    return receive


async def test_a_body_that_stops_coming_is_waited_for_as_long_as_a_silence_may_be() -> None:
    first = {"type": "http.request", "body": b"abc", "more_body": True}
    messages = iter([first])

    async def receive() -> MutableMapping[str, Any]:
        for message in messages:
            return message
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(BodyTimeout, match=r"3 of 500 bytes came, then nothing for 0\.05 seconds"):
        await read_body(receive, {b"content-length": b"500"}, replace(LIMITS, silence_seconds=0.05))


@pytest.mark.unhurried
async def test_a_body_that_drips_has_its_time_and_no_more() -> None:
    limits = replace(LIMITS, seconds=0.2, bytes_a_second=1_024)
    with pytest.raises(BodyTimeout, match=r" bytes came in 0\.2 seconds"):
        await read_body(dripping(b"x", 0.02), {}, limits)
    with pytest.raises(BodyTimeout):
        await read_body(dripping(b"x" * 1_000, 0.02), {}, replace(limits, bytes_a_second=math.inf))


@pytest.mark.unhurried
async def test_a_body_that_is_sent_fast_enough_has_more_time() -> None:
    sent = iter([b"x" * 500] * 20)

    async def receive() -> MutableMapping[str, Any]:
        await asyncio.sleep(0.02)
        piece = next(sent, b"")
        return {"type": "http.request", "body": piece, "more_body": bool(piece)}

    limits = replace(LIMITS, seconds=0.1, bytes_a_second=1_024)
    assert await read_body(receive, {}, limits) == b"x" * 10_000
