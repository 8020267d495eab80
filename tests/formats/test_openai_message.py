"""Every text that a model wrote is found, wherever it stands, and bounded without parsing."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.formats.openai_message import Written, choices_in, text_bytes, written_in

PICTURE = "data:image/png;base64," + "A" * 3_978
CALL = {"name": "look", "arguments": '{"a": 1}'}


def written(delta: Any) -> str:
    return written_in([{"id": "c", "model": "m", "choices": [{"index": 0, "delta": delta}]}]).text


@pytest.mark.parametrize(
    ("delta", "text"),
    [
        ({"role": "assistant", "content": "Hi"}, "Hi"),
        ({"refusal": "No"}, "No"),
        ({"content": [{"type": "text", "text": "Hi "}, {"type": "text", "text": "you"}]}, "Hi you"),
        ({"content": ["Hi ", "you"]}, "Hi you"),
        ({"content": {"text": "Hi"}}, "Hi"),
        # Mistral's Magistral
        ({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}]}, "Hm"),
        ({"reasoning_content": "Hm"}, "Hm"),
        ({"reasoning": "Hm"}, "Hm"),
        ({"thinking": "Hm"}, "Hm"),
        ({"thinking_blocks": [{"type": "thinking", "thinking": "Hm", "signature": "zzzz"}]}, "Hm"),
        ({"reasoning_details": [{"type": "reasoning.text", "text": "Hm", "id": "r", "format": "f", "index": 0}]}, "Hm"),
        ({"reasoning_details": [{"type": "reasoning.summary", "summary": "Hm"}]}, "Hm"),
        ({"function_call": CALL}, 'look{"a": 1}'),
        ({"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": CALL}]}, 'look{"a": 1}'),
        ({"tool_calls": [{"index": 0, "id": "c", "type": "custom", "custom": {"name": "sql", "input": "SELECT"}}]},
         "sqlSELECT"),
        ({"tool_calls": [{"function": {"name": "look", "arguments": {"city": "Bern"}}}]}, 'look{"city":"Bern"}'),
        ({"tool_calls": [{"function": {"name": "look", "arguments": {"id": 7, "type": "x", "error": None}}}]},
         'look{"id":7,"type":"x","error":null}'),
        ({"tool_calls": [{"type": "custom", "custom": {"input": [1e15, True]}}]}, "[1000000000000000.0,true]"),
        ({"function_call": {"parameters": {"größe": []}}}, '{"größe":[]}'),
        ({"tool_calls": [{"function": {"name": "look", "arguments": {}}}]}, "look"),
        ({"tool_calls": [{"id": "x", "extra_content": {"google": {"thought_signature": "zzzz"}}}]}, ""),
        ({"audio": {"id": "a", "transcript": "Hi", "expires_at": 7}}, "Hi"),
        ({"nobody": {"knows": ["this", {"place": "yet"}]}}, "thisyet"),
        ({"content": None, "tool_calls": None, "role": "assistant"}, ""),
        (7, ""), (None, ""), ([], ""), ("", ""),
    ],
)  # fmt: skip
def test_every_text_counts_that_is_no_id_type_or_signature(delta: Any, text: str) -> None:
    assert written(delta) == text
    data = b"data: " + json.dumps({"id": "c", "choices": [{"index": 0, "delta": delta}]}).encode() + b"\n\n"
    assert text_bytes(data) >= len(text.encode())


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"choices": [{"text": "Hi", "index": 0, "finish_reason": "stop", "stop_reason": "x"}]}, "Hi"),
        ({"choices": [{"message": {"role": "assistant", "content": "Hi"}}, {"delta": {"content": "!"}}]}, "Hi!"),
        ({"choices": [{"delta": {"content": "Hi"}, "logprobs": {"content": [{"token": "Hi"}]}}]}, "Hi"),
        ({"choices": [{"delta": {"content": "Hi"}, "content_filter_results": {"hate": {"severity": "safe"}}}]}, "Hi"),
        ({"message": {"role": "assistant", "content": "Hi"}, "model": "m"}, "Hi"),
        ({"choices": None, "response": "Hi"}, "Hi"),
        ({"choices": [], "x_upstream": "kept"}, ""),
        ({"choices": 7}, ""), ({"choices": [7, None, {"delta": 7}]}, ""),
    ],
)  # fmt: skip
def test_text_beside_the_deltas_counts_and_what_says_it_again_does_not(content: dict[str, Any], text: str) -> None:
    assert written_in([content]).text == text


def both(delta: str, message: str, index: int = 0) -> dict[str, Any]:
    return {"choices": [{"index": index, "delta": {"content": delta}, "message": {"content": message}}]}


@pytest.mark.parametrize(
    ("contents", "text"),
    [
        ([both("Hi ", "Hi "), both("you", "Hi you"), both("", "Hi you")], "Hi you"),  # Perplexity
        ([both("a", "a"), both("b", "b", 1), both("c", "ac"), both("d", "bd", 1)], "abcd"),
        ([{"choices": [{"delta": {"content": "Hi"}}]}, both("", "Hi")], "Hi"),
        ([both("", "Hi")], "Hi"),
        ([both("Hi", "Other words")], "HiOther words"),
        ([both("x" * 500, "x" * 500), both("y", "x" * 500 + "y")], "x" * 500 + "y"),
    ],
)
def test_a_message_that_says_the_deltas_again_is_counted_once(contents: list[dict[str, Any]], text: str) -> None:
    assert written_in(contents).text == text
    said: dict[object, str] = {}
    assert "".join(written_in([content], said).text for content in contents) == text


def test_a_thought_that_is_said_under_several_names_is_counted_once() -> None:
    details = [{"type": "reasoning.text", "text": "a "}]
    deltas = ({"reasoning": "a ", "reasoning_content": "a ", "reasoning_details": details}, {"reasoning": "b "},
              {"reasoning_content": "c"}, {"reasoning": "d", "reasoning_content": "e"})  # fmt: skip
    assert written_in({"choices": [{"delta": delta}]} for delta in deltas).text == "a b cde"


@pytest.mark.parametrize(
    "delta",
    [{"audio": {"data": "A" * 4_000, "transcript": "Hi"}}, {"content": "Hi", "b64_json": "A" * 4_000},
     {"content": "Hi", "images": [{"type": "image_url", "image_url": {"url": PICTURE}}]}],
)  # fmt: skip
def test_pictures_and_sound_are_no_text(delta: dict[str, Any]) -> None:
    found = written_in([{"choices": [{"message": delta}]}])
    assert (found, found.media_tokens, bool(found)) == (Written("Hi", 4_000), 4, True)


def test_a_picture_that_is_written_out_as_text_is_text() -> None:
    assert written({"content": "data:image/png;base64,AAAA"}) == "data:image/png;base64,AAAA"


def test_nothing_written_is_false() -> None:
    assert not Written("") and Written("x") and Written("", 1)


def test_the_bound_of_a_plain_chunk_is_its_text() -> None:
    choice = {"index": 0, "delta": {"role": "assistant", "content": "Hello"}, "logprobs": None, "finish_reason": None}
    chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 7, "model": "gpt-4o", "usage": None,
             "service_tier": "x", "system_fingerprint": "fp", "choices": [choice]}  # fmt: skip
    assert text_bytes(b"data: " + json.dumps(chunk).encode() + b"\n\n") == 5


texts = st.text(max_size=12)
json_values = st.recursive(
    texts, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=4), max_leaves=8
)


@pytest.mark.unhurried
@given(json_values, st.booleans(), st.sampled_from([b"", b": it's \"half\n\n"]))
def test_the_bound_is_never_less_than_what_is_found(delta: Any, is_ascii: bool, comment: bytes) -> None:
    content = {"choices": [{"index": 0, "delta": delta}]}
    data = comment + b"data: " + json.dumps(content, ensure_ascii=is_ascii).encode() + b"\n\n"
    found = written_in([json.loads(json.dumps(content))])
    assert text_bytes(data) >= len(found.text.encode()) + found.media_bytes


def test_choices_that_are_none_are_passed_over() -> None:
    contents: list[dict[str, Any]] = [{"choices": [{"a": 1}, 7]}, {"choices": 7}, {}, {"choices": [{"a": 2}]}]
    assert list(choices_in(contents)) == [{"a": 1}, {"a": 2}]
