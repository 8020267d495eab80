"""A request as the demo provider reads it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.demo.request import read
from app.domain.errors import ProviderFailed

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
FIELDS = ("messages", "tools", "tool_choice", "stop", "n", "max_tokens", "stream_options", "response_format")


def _read(**fields: Any) -> Any:
    return read(json.dumps({"model": "demo-mini", "messages": [{"role": "user", "content": "x"}], **fields}).encode())


def test_texts_are_taken_from_parts_and_calls() -> None:
    call = {"function": {"name": "look_up", "arguments": "{}"}}
    messages = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": [{"type": "text", "text": "What is"}, {"type": "image_url"}, {"text": "this?"}]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "a coin"},
    ]
    request = _read(messages=messages)
    assert request.question == "What is\nthis?"
    assert "look_up" in request.prompt
    assert request.seen_before == "Be kind.\nWhat is\nthis?"
    assert request.tool_result == "a coin"


def test_limits_are_read() -> None:
    request = _read(max_tokens=5, max_completion_tokens=4, n=2, stop="END", stream=True)
    assert (request.output_tokens_max, request.choices, request.stops, request.is_streamed) == (4, 2, ("END",), True)
    assert not request.is_usage_wanted


@pytest.mark.unhurried
@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_anything_is_read_or_refused(fields: dict[str, Any]) -> None:
    try:
        request = _read(**fields)
    except ProviderFailed as failure:
        assert failure.status == 400
    else:
        assert request.choices >= 1


def test_the_field_at_fault_is_named() -> None:
    with pytest.raises(ProviderFailed) as raised:
        _read(n=99)
    assert raised.value.body is not None
    assert raised.value.body["param"] == "n"


CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@pytest.mark.parametrize("choice", ["required", "auto", {"type": "function", "function": {"name": "find_city"}}])
def test_what_came_of_a_call_is_told_in_words(choice: Any) -> None:
    tools = [{"type": "function", "function": {"name": "find_city", "parameters": CITY}}]
    asked = [{"role": "user", "content": "find_city of Ada"}]
    result = [{"role": "assistant", "content": None, "tool_calls": []}, {"role": "tool", "content": "London"}]
    assert _read(messages=asked, tools=tools, tool_choice=choice).tool is not None
    assert _read(messages=asked + result, tools=tools, tool_choice=choice).tool is None


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        (f"Answer in JSON of this schema:\n```json\n{json.dumps(CITY, indent=1)}\n```\nThank you.", True),
        (f"{{ not this one }} but {json.dumps(CITY)}", True),
        ("Answer in JSON, please {", False),
        ('An example is {"city": "London"}', False),
    ],
)
@pytest.mark.parametrize("role", ["system", "user"])
def test_a_schema_in_the_prompt_is_followed_by_a_json_object(text: str, is_found: bool, role: str) -> None:
    messages = [{"role": role, "content": text}, {"role": "user", "content": "Where is Ada?"}]
    schema = _read(messages=messages, response_format={"type": "json_object"}).schema
    assert (schema == CITY) is is_found and schema is not None
