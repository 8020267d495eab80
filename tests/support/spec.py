"""Checks answers against OpenAI's own schemas; `specs/openai-chat.json` is a copy of the shared one."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SCHEMAS = Path(__file__).parent.parent / "specs" / "openai-chat.json"


@cache
def seed_document() -> dict[str, Any]:
    """Returns the seed product's own OpenAPI document; `specs/paywalls-openapi.json` is a copy of the shared one."""
    document: dict[str, Any] = json.loads(SCHEMAS.with_name("paywalls-openapi.json").read_text())
    return document


@cache
def _validator(name: str) -> Draft202012Validator:
    document = _allow_null(json.loads(SCHEMAS.read_text()))
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": document["components"]})


def _allow_null(schema: Any) -> Any:
    """Writes OpenAPI 3.0's `nullable`, which OpenAI's document still uses, as JSON Schema."""
    if isinstance(schema, list):
        return [_allow_null(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _allow_null(item) for key, item in schema.items()}
    return {"anyOf": [plain, {"type": "null"}]} if plain.pop("nullable", False) is True else plain


def check_answer(answer: dict[str, Any]) -> None:
    """Fails unless `answer` is a chat completion as OpenAI defines it."""
    _validator("CreateChatCompletionResponse").validate(answer)


def check_error(answer: dict[str, Any]) -> None:
    """Fails unless `answer` is an error as OpenAI defines it."""
    _validator("ErrorResponse").validate(answer)


def check_chunk(chunk: dict[str, Any]) -> None:
    """Fails unless `chunk` is a chunk of a streamed chat completion as OpenAI defines it."""
    _validator("CreateChatCompletionStreamResponse").validate(chunk)
