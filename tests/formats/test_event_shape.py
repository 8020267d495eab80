"""Events are told to be alike only where they differ in one text, and nothing ends that text."""

import json
from typing import Any

import pytest

from app.formats.openai_message import text_bytes
from app.formats.text_bound import EventShape, shape_in


def event(text: str, **more: Any) -> bytes:
    said = {"id": "c-1", "choices": [{"index": 0, "delta": {"content": text}}], **more}
    return b"data: " + json.dumps(said, ensure_ascii=False).encode() + b"\n\n"


def raw(text: bytes) -> bytes:
    return event("|").replace(b"|", text)


def shape(found: bytes) -> EventShape:
    learnt = shape_in(found)
    assert learnt is not None
    return learnt


SHAPE = shape(event("Hi"))


@pytest.mark.parametrize("text", ["", "word ", "é🙂", "[DONE]", "a\nb", "error", "a" * 3_000])
def test_an_event_that_differs_in_its_text_is_of_the_shape(text: str) -> None:
    found = SHAPE.text_in(event(text))
    assert found is not None and json.loads(b'"' + found + b'"') == text
    assert SHAPE.bound_of(event(text), found) == text_bytes(event(text))


@pytest.mark.parametrize("count", [1, 2, 33])
def test_events_that_follow_each_other_have_one_text(count: int) -> None:
    piece = b"".join(event(f"w{number} ") for number in range(count))
    found = SHAPE.text_in(piece)
    assert found == b"".join(b"w%d " % number for number in range(count))
    assert SHAPE.bound_of(piece, found) == text_bytes(piece)


@pytest.mark.parametrize("odd", [
    event("a", n=1), event("a")[:-1], event("a")[1:], event("a") + b"\n", event("a") + b": note\n\n", b"",
    event("a") + event("b", n=1), event("a") + b"data: [DONE]\n\n" + event("b"), event("a").replace(b"\n", b"\r\n"),
    event('a "quote"'), raw(b"a\\"), raw(b"a\\") + event("b"), raw(b"a\nb"), raw(b"a\r\rdata: b"), raw(b"a\n\ndata: b"),
    raw(b'x"}}], "usage": {"completion_tokens": 1}, "b": [{"c": {"d": "'), event("a\nb") + event("c"),
    SHAPE.head + SHAPE.end[1:], SHAPE.head[:-1] + SHAPE.end,
])  # fmt: skip
def test_whatever_else_differs_is_of_another_shape(odd: bytes) -> None:
    assert SHAPE.text_in(odd) is None


@pytest.mark.parametrize("none", [
    b": note\n\n", b"data: [DONE]\n\n", event("a").replace(b"\n", b"\r\n"), b"id: 7\n" + event("a"),
    event("a").replace(b'"content"', b'"arguments": {"a": 1}, "content"'), raw(b'a \\"quote\\"'),
])  # fmt: skip
def test_what_has_no_text_that_counts_as_it_is_has_no_shape(none: bytes) -> None:
    assert shape_in(none) is None


def test_text_beside_the_one_is_counted_with_every_event() -> None:
    learnt, piece = shape(event("a", note="12 bytes of it")), event("b", note="12 bytes of it") * 5
    found = learnt.text_in(piece)
    assert found == b"b" * 5 and learnt.bound_of(piece, found) == text_bytes(piece) >= 5 * 15
