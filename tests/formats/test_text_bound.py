"""A stream's events are bounded as exactly when their shape was learnt as when each is read."""

import json
import random
from typing import Any

import pytest

from app.formats.event_stream import contents
from app.formats.openai_message import text_bytes, written_in
from app.formats.text_bound import TextBound

TEXTS = ("word ", "", "é", "\n", 'a "quote"', "back\\", "\\\\", "[DONE]", '"usage":', "event: error", "🙂", "content",
         '"}}]}\n\ndata: {', "a" * 300)  # fmt: skip
FIELDS: tuple[dict[str, Any], ...] = (
    {}, {"reasoning": "thought"}, {"role": "assistant"}, {"name": "nobody knows"},
    {"tool_calls": [{"index": 0, "function": {"name": "look", "arguments": '{"a": 1}'}}]},
    {"tool_calls": [{"function": {"arguments": {"a": 1e15}}}]},
)  # fmt: skip
ODD = (
    b": half a \"text\n\n", b"data: [DONE]\n\n", b'data: {"broken": "open\n\n',
    b'data: {"choices": [{"delta": {"content": "x\n\n',
    b'event: note\ndata: {"choices": [{"index": 0, "delta": {"content": "y"}}]}\n\n', b'data: "\n\n', b"id: 7\r\n\r\n",
    b'data: {"content": "no choice"}\n\n', b'data: {"choices": [{"index": 0, "delta": {"content": "t\\"}}]}\n\n',
)  # fmt: skip


def event(text: str, **more: Any) -> bytes:
    choice = {"index": 0, "delta": {"content": text, **more}, "finish_reason": None}
    said = {"id": "c-1", "model": "m", "choices": [choice], "usage": None}
    return b"data: " + json.dumps(said, ensure_ascii=False).encode() + b"\n\n"


def events_of(chance: random.Random) -> list[bytes]:
    """Returns a stream that is mostly alike, with what is not between."""
    same = chance.choice(FIELDS)
    found = []
    for _ in range(chance.randint(1, 40)):
        how = chance.random()
        if how < 0.7:
            found.append(event(chance.choice(TEXTS), **same))
        elif how < 0.9:
            found.append(event(chance.choice(TEXTS), **chance.choice(FIELDS)))
        else:
            found.append(chance.choice(ODD))
    return found


@pytest.mark.parametrize("seed", range(60))
def test_a_learnt_bound_is_no_less_than_what_was_written_and_no_more_than_the_exact_one(seed: int) -> None:
    chance = random.Random(seed)
    bound, events = TextBound(), events_of(chance)
    while events:
        count = chance.choice((1, 1, 2, 5, 40))
        piece, events = b"".join(events[:count]), events[count:]
        found = written_in(contents(piece))
        assert len(found.text.encode()) + found.media_bytes <= bound.of(piece) <= text_bytes(piece)
        if b'{"a": 1' not in piece:  # what is structured is bounded by all that stands beside it
            assert bound.of(piece) == text_bytes(piece)


@pytest.mark.parametrize("odd", ODD)
def test_a_line_that_is_no_json_hides_no_text_behind_it(odd: bytes) -> None:
    assert text_bytes(odd + event("written")) >= len("written")
    assert TextBound().of(odd + event("written")) >= len("written")
    assert TextBound().of(odd + event("written") * 9) >= 9 * len("written")


@pytest.mark.parametrize("count", [1, 2, 33])
def test_alike_events_count_their_texts_and_what_stands_beside_each(count: int) -> None:
    bound = TextBound()
    assert bound.of(event("x", foo="twelve bytes")) == text_bytes(event("x", foo="twelve bytes"))
    pieces = b"".join(event(f"w{number} ", foo="twelve bytes") for number in range(count))
    assert bound.of(pieces) == text_bytes(pieces) >= count * (len("twelve bytes") + 3)


def test_no_more_shapes_are_learnt_than_are_worth_it() -> None:
    bound = TextBound()
    for number in range(100):
        piece = event("text", **{f"field{number}": number})
        assert bound.of(piece) == text_bytes(piece)
