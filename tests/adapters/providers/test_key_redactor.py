"""What an answer says without the key of its provider, however it was cut up, and unchanged where it holds none."""

import base64
import json
from typing import Any

import pytest

from app.adapters.providers.key_redactor import HELD_EVENTS_MAX, redactor_of
from app.ports.redactor import Redactor

KEY = "sk-operators-own-Zq7w9K2m4X6v8B1n"
DONE = b"data: [DONE]\n\n"


def event(content: Any) -> bytes:
    return b"data: " + json.dumps(content).encode() + b"\n\n"


def delta(delta: dict[str, Any], index: int = 0, finish: Any = None, **more: Any) -> bytes:
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    return event({"id": "c", "model": "opus", "choices": [choice], **more})


def said(text: str) -> bytes:
    return delta({"content": text})


def redactor() -> Redactor:
    found = redactor_of(KEY)
    assert found is not None
    return found


def passed(*events: bytes) -> bytes:
    """Returns all that goes on of events that come one by one."""
    redacts = redactor()
    return b"".join([*map(redacts.events, events), redacts.rest()])


def texts(data: bytes, name: str = "content") -> str:
    """Returns what a client puts together."""
    lines = [line[6:] for line in data.splitlines() if line.startswith(b"data: {")]
    deltas = [choice["delta"] for line in lines for choice in json.loads(line)["choices"]]
    return "".join(delta.get(name) or "" for delta in deltas)


def is_told(data: bytes) -> bool:
    folded = data.lower()
    return KEY[-4:].lower().encode() in folded or KEY[:8].lower().encode() in folded


SHAPES: dict[str, bytes] = {
    "a delta": said(f"It is {KEY}."),
    "reasoning": delta({"reasoning_content": f"It is {KEY}."}),
    "parts": delta({"content": [{"type": "text", "text": f"It is {KEY}."}]}),
    "a tool call": delta({"tool_calls": [{"index": 0, "function": {"arguments": json.dumps({"key": KEY})}}]}),
    "a refusal": delta({"refusal": f"{KEY[:8]}…{KEY[-4:]}"}),
    "an error of a choice": event({"choices": [{"index": 0, "delta": {}, "error": {"message": KEY}}]}),
    "a field beside": delta({"content": "x"}, x_debug={"headers": [f"Bearer {KEY}"]}),
    "the name of a field": event({"choices": [{"delta": {"content": "x"}}], KEY: 1}),
    "the model": event({"id": "c", "model": KEY, "choices": [{"index": 0, "delta": {}}]}),
    "an id": event({"id": KEY, "choices": [{"index": 0, "delta": {"role": KEY}}]}),
    "a comment": f": {KEY}\n\n".encode(),
    "a comment with its masking": f": {KEY[:7]}{'*' * 20}{KEY[-4:]}\n\n".encode(),
    "the name of an event": f"event: {KEY}\ndata: {{}}\n\n".encode(),
    "an event of no JSON": f"data: Wrong key {KEY}\n\n".encode(),
    "an error event": f'event: error\ndata: {{"message": "{KEY}"}}\n\n'.encode(),
    "an error that is a list": event({"error": [{"msg": KEY}]}),
    "an error that is a text": event({"error": KEY}),
    "nested detail": event({"detail": {"error": {"message": {"text": KEY}}}}),
    "JSON with escapes": said("x").replace(b'"x"', b'"' + b"".join(b"\\u%04x" % byte for byte in KEY.encode()) + b'"'),
    "base64": said(base64.b64encode(f"Bearer {KEY}".encode()).decode()),
    "upper case": said(KEY.upper()),
    "lines that end in CR LF": said(KEY).replace(b"\n", b"\r\n"),
    "lines that end in CR": said(KEY).replace(b"\n", b"\r"),
    "usage": event({"choices": [], "usage": {"prompt_tokens": 1, "note": KEY}}),
    "an event over two lines": f'data: {{"choices": [],\ndata: "x": "{KEY}"}}\n\n'.encode(),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("before", [b"", said(" a word"), said(" a word") * 3])
def test_the_key_leaves_in_no_shape(shape: str, before: bytes) -> None:
    redacts = redactor()
    data = redacts.events(before) + redacts.events(SHAPES[shape]) + redacts.events(DONE) + redacts.rest()
    assert b"***" in data and not is_told(data)
    assert data.startswith(before) and data.endswith(DONE)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_key_leaves_in_no_shape_of_a_body(shape: str) -> None:
    body = SHAPES[shape].replace(b"data: ", b"").strip()
    data = redactor().body(body)
    assert b"***" in data and not is_told(data)


FORMS = {
    "itself": KEY,
    "upper": KEY.upper(),
    "stars": f"{KEY[:7]}{'*' * 20}{KEY[-4:]}",
    "an ellipsis": f"{KEY[:7]}…{KEY[-4:]}",
    "dots": f"{KEY[:8]}...{KEY[-4:]}",
    "the end": f"****{KEY[-4:]}",
    "base64": base64.b64encode(KEY.encode()).decode(),
    "cut short": f"{KEY[:24]}",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [2, 3, 5, 7, 11, 20])
@pytest.mark.parametrize("shift", [0, 1])
def test_a_form_that_is_cut_into_pieces_does_not_leave(form: str, size: int, shift: int) -> None:
    if form == "base64" and size < 7:
        pytest.skip("of an encoded key the first 6 characters are looked for at once")
    whole = f"{'a' * shift}The key is {FORMS[form]}, sorry."
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    data = passed(*map(said, pieces), DONE)
    text = texts(data)
    assert text.startswith("a" * shift + "The key is ") and text.endswith(", sorry.") and not is_told(text.encode())
    assert passed(b"".join(map(said, pieces)), DONE) and not is_told(
        texts(passed(b"".join(map(said, pieces)))).encode()
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [7, 11, 20])
def test_a_form_in_escaped_letters_that_is_cut_does_not_leave(form: str, size: int) -> None:
    whole = f"It is {FORMS[form]}, sorry."
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    escaped = ["".join(f"\\u{ord(letter):04x}" for letter in piece) for piece in pieces]
    events = [
        said(f"<{number}>").replace(f"<{number}>".encode(), piece.encode()) for number, piece in enumerate(escaped)
    ]
    text = texts(passed(*events, DONE))
    assert text.startswith("It is ") and text.endswith(", sorry.") and not is_told(text.encode())


@pytest.mark.parametrize("name", ["content", "reasoning_content", "refusal"])
def test_a_key_letter_by_letter_does_not_leave(name: str) -> None:
    data = passed(*(delta({name: letter}) for letter in f"Key: {KEY}!"), delta({}, finish="stop"), DONE)
    assert texts(data, name) == "Key: ***!" and data.endswith(delta({}, finish="stop") + DONE)


def test_pieces_of_several_choices_are_put_together_apart() -> None:
    pieces = [KEY[at : at + 4] for at in range(0, len(KEY), 4)]
    events = [delta({"content": piece}, index=index) for piece in pieces for index in (0, 1)]
    between = [delta({"content": ""}), b": comment\n\n"]
    data = passed(*events[:6], *between, *events[6:], DONE)
    assert texts(data) == "******" and b": comment" in data


def test_what_holds_no_key_passes_as_the_very_bytes_and_in_its_order() -> None:
    words = ["It", "'s", " tas", "ks", " **bold", "**", " sk", "-oper", "ation", " …", "\n", ' "quoted"', " 50%", "é"]
    events = [said(word) for word in words] + [delta({}, finish="stop"), event({"choices": [], "usage": {}}), DONE]
    assert passed(*events) == passed(b"".join(events)) == b"".join(events)
    body = json.dumps({"choices": [{"message": {"content": "".join(words)}}]}).encode()
    assert redactor().body(body) is body


def test_a_text_that_may_go_on_waits_only_for_the_next() -> None:
    redacts = redactor()
    assert redacts.events(said(" s")) == b""
    assert redacts.events(said("et")) == said(" s") + said("et")
    assert redacts.events(said(" sk-oper")) == b""
    assert redacts.rest() == said(" sk-oper") and redacts.rest() == b""


@pytest.mark.parametrize(
    "end", [DONE, delta({}, finish="stop"), event({"choices": [], "usage": {}}), event({"error": {"message": "No."}})]
)
def test_an_end_lets_go_what_waits(end: bytes) -> None:
    redacts = redactor()
    assert redacts.events(said(" s")) + redacts.events(end) == said(" s") + end


def test_only_so_much_waits() -> None:
    redacts = redactor()
    assert redacts.events(said(" s")) == b""
    data = b"".join(redacts.events(b": wait\n\n") for _ in range(HELD_EVENTS_MAX + 1))
    assert data.startswith(said(" s"))


def test_shapes_are_learnt_and_forgotten_without_missing_a_key() -> None:
    redacts = redactor()
    for number in range(100):
        plain = delta({"content": " word"}, created=number)
        assert redacts.events(plain) == plain
    assert redacts.events(said(" word")) == said(" word")
    assert not is_told(redacts.events(said(KEY) + DONE))


def test_what_stands_around_the_text_of_an_event_that_was_looked_at_is_known() -> None:
    redacts, (head, end) = redactor(), said("|").split(b"|")
    assert not redacts.knows(head, end)
    assert redacts.events(said(" a")) == said(" a")
    assert redacts.knows(head, end) and not redacts.knows(head, end[1:])
    assert redacts.may_pass(b" word") and not redacts.may_pass(KEY.encode()) and not redacts.may_pass(b" s")
    assert redacts.events(said(" s")) == b"" and not redacts.may_pass(b" word")


def test_what_holds_a_key_beside_its_text_is_not_known() -> None:
    redacts, event = redactor(), delta({"content": "|"}, note=KEY)
    redacts.events(event)
    assert not redacts.knows(*event.split(b"|"))


@pytest.mark.parametrize(
    "body",
    [
        b"<html>%s</html>",
        b'"%s"',
        b'[{"error": "%s"}]',
        b'{"choices": [{"message": {"content": "%s"}}], "n": NaN}',
        b"%s",
    ],
)
def test_a_body_of_any_kind_is_redacted(body: bytes) -> None:
    assert not is_told(redactor().body(body % KEY.encode())) and b"***" in redactor().body(body % KEY.encode())


def test_a_key_of_digits_is_redacted_where_it_is_a_number() -> None:
    redacts = redactor_of("12345678")
    assert redacts is not None
    assert json.loads(redacts.body(b'{"code": 12345678, "n": 1}')) == {"code": "***", "n": 1}


def test_without_a_key_there_is_nothing_to_do() -> None:
    assert redactor_of(None) is redactor_of("") is redactor_of("ollama") is None
