"""JSON that fits a schema."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from app.adapters.demo.json import fitting

ADDRESS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "string", "minLength": 30},
        {"type": "string", "maxLength": 2},
        {"type": "string", "format": "date-time"},
        {"type": ["null", "integer"], "minimum": 5, "multipleOf": 3},
        {"type": "integer", "exclusiveMinimum": 1},
        {"type": "integer", "maximum": -4},
        {"type": "number", "exclusiveMaximum": 0},
        {"type": "number", "minimum": 0, "maximum": 0.5},
        {"type": "boolean"},
        {"type": "null"},
        {"const": {"a": 1}},
        {"enum": ["red", "green"]},
        {"type": "array", "items": ADDRESS, "minItems": 3},
        {"items": {"type": "integer"}},
        {"anyOf": [{"type": "null"}, ADDRESS]},
        {"allOf": [ADDRESS, {"properties": {"zip": {"type": "string"}}, "required": ["zip"]}]},
        {"$defs": {"at": ADDRESS}, "properties": {"home": {"$ref": "#/$defs/at"}}, "required": ["home"]},
        {"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x", "y"]},
    ],
)
def test_the_value_fits_its_schema(schema: dict[str, Any]) -> None:
    value = fitting(schema, "How is the weather in Zürich today?")
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(value)


def test_texts_come_from_the_question() -> None:
    assert fitting(ADDRESS, "How is the weather in Zürich?") == {"city": "Zürich"}
    assert fitting(ADDRESS, "") == {"city": "city"}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "minItems": 99, "items": {"type": "array", "minItems": 99, "items": {"type": "array"}}},
        {"enum": 3},
        {"type": "array", "minItems": "many"},
        {"type": "integer", "multipleOf": 1e-400, "minimum": "x"},
        {"anyOf": ["nothing"]},
        {"properties": [], "required": 3, "type": "object"},
    ],
)
def test_what_is_no_usable_schema_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="schema"):
        fitting(schema, "x")


def test_a_schema_that_contains_itself_ends() -> None:
    schema = {"$ref": "#"}
    assert fitting(schema, "x") is not None
    endless = {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]}
    assert "next" in fitting(endless, "x")


def test_what_is_optional_is_there_where_the_question_asks_for_it() -> None:
    properties = {name: {"type": "string"} for name in ("city", "zip_code", "country")}
    schema = {"type": "object", "properties": properties, "required": ["city"]}
    assert set(fitting(schema, "Where is Ada?")) == {"city"}
    assert set(fitting(schema, "Where is Ada, with the zip code?")) == {"city", "zip_code"}
    assert set(fitting(schema, "Tell me zip_code and COUNTRY.")) == {"city", "zip_code", "country"}
