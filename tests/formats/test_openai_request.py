"""What the proxy understands of a request, and what it sends on."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import BadField
from app.formats.openai_request import read_chat_request

MINIMAL: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"model": None}, "model"), ({"model": ""}, "model"), ({"model": 7}, "model"), ({"messages": None}, "messages"),
        ({"messages": {}}, "messages"), ({"messages": []}, "messages"), ({"messages": ["x"]}, "messages"),
        ({"user": 7}, "user"), ({"stream": 1}, "stream"), ({"stream_options": {}}, "stream_options"),
        ({"stream": True, "stream_options": []}, "stream_options"),
        ({"stream": True, "stream_options": {"include_usage": "yes"}}, "stream_options.include_usage"),
        ({"n": 0}, "n"), ({"n": 129}, "n"), ({"n": True}, "n"), ({"n": 1.5}, "n"), ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": -1}, "max_tokens"), ({"max_completion_tokens": "9"}, "max_completion_tokens"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_name(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(BadField) as refused:
        read_chat_request(MINIMAL | changed)
    assert refused.value.field == field


@pytest.mark.parametrize("field", ["model", "messages"])
def test_what_is_missing_is_told_from_what_is_wrong(field: str) -> None:
    with pytest.raises(BadField) as missing:
        read_chat_request({name: value for name, value in MINIMAL.items() if name != field})
    with pytest.raises(BadField) as wrong:
        read_chat_request(MINIMAL | {field: 7})
    assert (missing.value.field, missing.value.code) == (field, "missing_required_parameter")
    assert (wrong.value.field, wrong.value.code) == (field, "invalid_value")


def test_null_is_as_good_as_nothing() -> None:
    names = ("n", "stream", "stream_options", "max_tokens", "max_completion_tokens", "user", "response_format")
    request = read_chat_request(MINIMAL | dict.fromkeys(names))
    assert (request.choices, request.is_stream, request.output_limit, request.user) == (1, False, None, None)
    sent = orjson.loads(request.upstream_body(7, "max_tokens"))
    assert sent["max_tokens"] == 7 and "max_completion_tokens" not in sent


@pytest.mark.parametrize("body", [None, [], "x", 7])
def test_a_body_that_is_no_object_is_refused(body: object) -> None:
    with pytest.raises(BadField, match="JSON object"):
        read_chat_request(body)


@pytest.mark.unhurried
@given(st.dictionaries(st.text(min_size=1), st.none() | st.booleans() | st.integers(-9, 9) | st.text(), max_size=5))
def test_unknown_fields_go_upstream_as_they_came(extra: dict[str, Any]) -> None:
    known = {"model", "messages", "n", "stream", "stream_options", "max_tokens", "max_completion_tokens", "user",
             "response_format"}  # fmt: skip
    extra = {name: value for name, value in extra.items() if name not in known}
    sent = orjson.loads(read_chat_request(MINIMAL | extra).upstream_body(50, "max_tokens"))
    assert sent == MINIMAL | extra | {"max_tokens": 50}


@pytest.mark.parametrize(
    ("limits", "field"),
    [({"max_tokens": 9}, "max_tokens"), ({"max_completion_tokens": 9}, "max_completion_tokens"), ({}, "max_tokens"),
     ({"max_tokens": 9, "max_completion_tokens": 20}, "max_tokens")],
)  # fmt: skip
def test_our_limit_goes_into_the_field_that_the_client_used(limits: dict[str, int], field: str) -> None:
    request = read_chat_request(MINIMAL | limits)
    sent = orjson.loads(request.upstream_body(7, "max_tokens"))
    assert {name: sent[name] for name in sent if name.startswith("max_")} == {field: 7}
    assert request.output_limit == (9 if limits else None)


def test_usage_is_asked_for_upstream_and_known_to_be_wanted_or_not() -> None:
    plain = read_chat_request(MINIMAL | {"stream": True, "stream_options": {"other": 1}})
    assert orjson.loads(plain.upstream_body(7, "max_tokens"))["stream_options"] == {"other": 1, "include_usage": True}
    assert not plain.wants_usage
    assert read_chat_request(MINIMAL | {"stream": True, "stream_options": {"include_usage": True}}).wants_usage
    assert "stream_options" not in orjson.loads(read_chat_request(MINIMAL).upstream_body(7, "max_tokens"))


def test_media_are_counted_apart_from_the_text() -> None:
    url = "data:image/png;base64," + "A" * 100_000
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": url}},
             {"type": "input_audio", "input_audio": {"data": "B" * 5_000, "format": "wav"}}]  # fmt: skip
    request = read_chat_request(MINIMAL | {"messages": [{"role": "user", "content": parts}]})
    assert request.media_parts == 2 and len("What is this?") < request.prompt_bytes < 500
    assert "What is this?" in request.prompt_text() and "AAAA" not in request.prompt_text()


def test_media_that_are_no_plain_data_count_with_their_bytes() -> None:
    part = {"type": "file", "file": {"file_data": "ä" * 1_000}}
    request = read_chat_request(MINIMAL | {"messages": [{"role": "user", "content": [part, {"type": "image_url"}]}]})
    assert request.media_parts == 2 and request.prompt_bytes > 2_000


@pytest.mark.parametrize("kind", [["x"], {}, 7, None, True])
def test_a_part_of_no_kind_is_counted_as_text(kind: object) -> None:
    content = [{"type": kind, "text": "Count me"}]
    request = read_chat_request(MINIMAL | {"messages": [{"role": "user", "content": content}]})
    assert request.media_parts == 0 and "Count me" in request.prompt_text()


def test_only_a_part_of_a_content_stands_for_an_image() -> None:
    messages = [{"role": "user", "type": "image_url", "content": "Count me"},
                {"role": "user", "content": {"type": "file", "text": "me too"}}]  # fmt: skip
    request = read_chat_request(MINIMAL | {"messages": messages})
    assert request.media_parts == 0
    assert "Count me" in request.prompt_text() and "me too" in request.prompt_text()


def test_the_text_of_a_prompt_is_also_its_tools_and_schemas() -> None:
    calls = [{"id": "c", "type": "function", "function": {"name": "look", "arguments": '{"city":1}'}}]
    more = {"messages": [{"role": "assistant", "tool_calls": calls}], "tools": [{"name": "look up"}],
            "functions": [{"name": "old"}], "response_format": {"type": "json_schema", "schema": {"a": 1}}}  # fmt: skip
    text = read_chat_request(MINIMAL | more).prompt_text()
    assert all(word in text for word in ("look", '{"city":1}', "look up", "old", "schema"))


@given(st.text())
def test_the_bytes_bound_every_token_of_the_text(text: str) -> None:
    request = read_chat_request(MINIMAL | {"messages": [{"role": "user", "content": text}]})
    assert request.prompt_bytes >= len(text.encode())


@pytest.mark.parametrize(("kind", "expected"), [("json_schema", True), ("json_object", True), ("text", False)])
def test_answers_that_a_program_reads_are_known(kind: str, expected: bool) -> None:
    assert read_chat_request(MINIMAL | {"response_format": {"type": kind}}).is_for_program is expected


@pytest.mark.parametrize("value", [2**70, "\ud800"])
def test_what_json_cannot_carry_on_is_refused(value: object) -> None:
    with pytest.raises(BadField):
        read_chat_request(MINIMAL | {"seed": value})
