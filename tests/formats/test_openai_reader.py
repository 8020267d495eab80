"""Requests whose answers a person reads, and those whose answers only a program does."""

from typing import Any

import pytest

from app.formats.openai_reader import is_for_program

NAMED = {"name": "find_city"}
TOOLS = [{"type": "function", "function": NAMED}]


@pytest.mark.parametrize(
    "asked",
    [
        {"response_format": {"type": "json_object"}},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "city", "schema": {}}}},
        {"response_format": {"type": "structural_tag"}},
        {"response_format": {"type": "grammar", "grammar": "root ::= x"}},
        {"tool_choice": "required"},
        {"tool_choice": "any"},
        {"tool_choice": {"type": "function", "function": NAMED}},
        {"tool_choice": {"type": "function", "name": "find_city"}},
        {"tool_choice": {"type": "custom", "custom": NAMED}},
        {"tool_choice": {"function": NAMED}},
        {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": TOOLS}}},
        {"tool_choice": {"type": "allowed_tools", "mode": "required", "tools": TOOLS}},
        {"tool_choice": {"type": "any"}},
        {"tool_choice": {"type": "tool", "name": "find_city"}},
        {"tool_choice": {"mode": "required"}},
        {"function_call": NAMED},
        {"guided_json": {"type": "object"}},
        {"structured_outputs": {"regex": "[0-9]"}},
        {"format": "json"},
    ],
    ids=str,
)
def test_what_only_a_program_can_read_is_known(asked: dict[str, Any]) -> None:
    assert is_for_program({"tools": TOOLS, **asked})


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"response_format": None},
        {"response_format": {"type": "text"}},
        {"response_format": {}},
        {"tool_choice": "auto"},
        {"tool_choice": "none"},
        {"tool_choice": None},
        {"tool_choice": {}},
        {"tool_choice": {"type": "auto"}},
        {"tool_choice": {"type": "none"}},
        {"tool_choice": {"mode": "auto"}},
        {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": TOOLS}}},
        {"tool_choice": {"type": "allowed_tools", "mode": "auto"}},
        {"function_call": "auto"},
        {"function_call": "none"},
        {"guided_json": None},
    ],
    ids=str,
)
def test_what_a_person_reads_is_left_alone(asked: dict[str, Any]) -> None:
    assert not is_for_program({"tools": TOOLS, **asked})


@pytest.mark.parametrize("value", [[], ["x"], 7, True, {"type": ["x"]}, {"type": {}}, {"mode": []}])
def test_nonsense_is_read_without_an_error(value: object) -> None:
    for field in ("response_format", "tool_choice", "function_call"):
        assert is_for_program({field: value}) in (True, False)
