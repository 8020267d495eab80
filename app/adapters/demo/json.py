"""JSON that the demo provider makes up: the smallest believable value that fits a JSON schema."""

import re
from typing import Any

_NAME = re.compile(r"(?<=\s)[A-ZÀ-ÖØ-Þ][\w-]+")
_FORMATS = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "email": "demo@example.com",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
}
DEPTH_MAX = 12
ITEMS_MAX = 100
VALUES_MAX = 5_000


def fitting(schema: Any, question: str) -> Any:
    """Returns a value that fits `schema`, with words of the question for its texts.

    Understands types, properties, items, enum, const, bounds, anyOf, oneOf, allOf and references within the
    schema. What is optional is left out unless the question names it, and patterns are not obeyed. Raises ValueError
    for what is no schema, or one that asks for more than 5,000 values.
    """
    try:
        return _Maker(schema, question).make(schema, "value", DEPTH_MAX)
    except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise ValueError(f"no usable JSON schema: {error}") from None


class _Maker:
    def __init__(self, root: Any, question: str) -> None:
        self._root = root
        self._left = VALUES_MAX
        self._question = question.lower().replace("_", " ")
        found = _NAME.search(" " + question.partition(" ")[2]) if question else None
        self._noun = found[0] if found else None

    def make(self, schema: Any, name: str, depth: int) -> Any:
        self._left -= 1
        if self._left < 0:
            raise ValueError("the schema asks for too many values")
        if not isinstance(schema, dict) or depth <= 0:
            return None
        schema = self._resolve(schema)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return schema["enum"][0]
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((item for item in kind if item != "null"), "null")
        if kind is None:
            kind = "object" if "properties" in schema else "array" if "items" in schema else "string"
        match kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                count = min(max(int(schema.get("minItems", 0)), 1), ITEMS_MAX)
                return [self.make(schema.get("items", {}), name, depth - 1) for _ in range(count)]
            case "integer" | "number":
                return _number(schema, kind)
            case "boolean":
                return True
            case "null":
                return None
        return self._text(schema, name)

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties") or {}
        asked = [name for name in properties if name.lower().replace("_", " ") in self._question]
        names = dict.fromkeys([*schema.get("required", ()), *asked])
        return {name: self.make(properties.get(name, {}), name, depth - 1) for name in names}

    def _text(self, schema: dict[str, Any], name: str) -> str:
        text = _FORMATS.get(schema.get("format", "")) or self._noun or name.replace("_", " ")
        shortest, longest = int(schema.get("minLength", 0)), int(schema.get("maxLength", len(text)))
        return text.ljust(min(shortest, 1_000), ".")[: max(longest, shortest)]

    def _resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Follows references, takes the first of alternatives, and merges what must all fit."""
        for _ in range(DEPTH_MAX):
            reference = schema.get("$ref")
            if isinstance(reference, str):
                schema = self._at(reference)
            elif alternatives := schema.get("anyOf") or schema.get("oneOf"):
                chosen = next((item for item in alternatives if item.get("type") != "null"), alternatives[0])
                schema = {key: value for key, value in schema.items() if key not in ("anyOf", "oneOf")} | chosen
            elif parts := schema.get("allOf"):
                schema = _merged([{key: value for key, value in schema.items() if key != "allOf"}, *parts])
            else:
                break
        return schema

    def _at(self, reference: str) -> dict[str, Any]:
        """Returns what a reference within the schema (`#/$defs/city`) points at; anything where it is nowhere."""
        found: Any = self._root
        for step in reference.lstrip("#").split("/")[1:]:
            found = found.get(step.replace("~1", "/").replace("~0", "~"), {}) if isinstance(found, dict) else {}
        return found if isinstance(found, dict) else {}


def _merged(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for schema in schemas:
        for key, value in schema.items():
            if key == "properties" and isinstance(whole.get(key), dict):
                whole[key] = whole[key] | value
            elif key == "required" and isinstance(whole.get(key), list):
                whole[key] = whole[key] + value
            else:
                whole[key] = value
    return whole


def _number(schema: dict[str, Any], kind: str) -> int | float:
    """Returns a number within its bounds, the least one that is at least 1 where that is possible."""
    step = schema.get("multipleOf") or 1
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    most = schema.get("maximum", schema.get("exclusiveMaximum"))
    value = max(1, least) if least is not None else 1
    if value == schema.get("exclusiveMinimum"):
        value += step
    if most is not None and value >= most:
        value = most - step if "exclusiveMaximum" in schema else most
    return -(-value // step) * step if kind == "integer" else value
