"""A chat completion request as the demo provider reads it: bytes in, one frozen object out."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from app.domain.errors import ProviderFailed

CHOICES_MAX = 16
SCHEMA_TRIES_MAX = 50
"""At how many braces of a text a schema is looked for."""


@dataclass(frozen=True, slots=True)
class DemoRequest:
    """What was asked. `prompt` holds every text of the request, `seen_before` the part an earlier turn had sent.

    `question` is what was asked last, `asked` what was asked before it, if anything was: what it quotes answers to.
    `tool` is the function that must be called, as the request defines it; `schema` what the answer must fit.
    """

    model: str
    question: str
    asked: str
    prompt: str
    seen_before: str
    messages_count: int
    tool_result: str | None
    choices: int
    output_tokens_max: int | None
    stops: tuple[str, ...]
    is_streamed: bool
    is_usage_wanted: bool
    tool: dict[str, Any] | None = field(default=None)
    schema: dict[str, Any] | None = field(default=None)


def read(body: bytes) -> DemoRequest:
    """Reads a request. Raises ProviderFailed with status 400 that names the field at fault."""
    try:
        request = json.loads(body)
    except (ValueError, RecursionError):
        refuse(None, "The body is not JSON.")
    if not isinstance(request, dict):
        refuse(None, "The body is not a JSON object.")
    messages = request.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(message, dict) for message in messages):
        refuse("messages", "`messages` must be a list of at least one message.")
    texts = [(str(message.get("role")), _text_of(message)) for message in messages]
    questions = [text for role, text in texts if role == "user"] or [texts[-1][1]]
    question = questions[-1]
    return DemoRequest(
        model=str(request.get("model")),
        question=question,
        asked=questions[-2] if len(questions) > 1 else question,
        prompt="\n".join([*(text for _, text in texts), _definitions(request)]),
        seen_before="\n".join(text for _, text in texts[: _last_answer(texts)]),
        messages_count=len(messages),
        tool_result=texts[-1][1] if texts[-1][0] == "tool" else None,
        choices=_positive(request, "n", CHOICES_MAX) or 1,
        output_tokens_max=_positive(request, "max_completion_tokens") or _positive(request, "max_tokens"),
        stops=_stops(request.get("stop")),
        is_streamed=request.get("stream") is True,
        is_usage_wanted=_of(request.get("stream_options"), "include_usage") is True,
        tool=_tool(request, question, is_result_last=texts[-1][0] == "tool"),
        schema=_schema(request.get("response_format"), [text for _, text in reversed(texts)]),
    )


def refuse(field_name: str | None, message: str) -> NoReturn:
    """Raises what an upstream says about a request that it cannot use."""
    error: dict[str, object] = {
        "message": message,
        "type": "invalid_request_error",
        "param": field_name,
        "code": "invalid_value",
    }
    raise ProviderFailed(f"The demo provider refused the request: {message}", 400, body=error)


def _of(value: object, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _text_of(message: dict[str, Any]) -> str:
    """Returns the text of a message: its content, the text parts of it, and the calls that it holds."""
    content = message.get("content")
    parts = [part.get("text") for part in content if isinstance(part, dict)] if isinstance(content, list) else [content]
    calls = message.get("tool_calls")
    called = [json.dumps(_of(call, "function")) for call in calls] if isinstance(calls, list) else []
    return "\n".join([*(part for part in parts if isinstance(part, str)), *called])


def _definitions(request: dict[str, Any]) -> str:
    """Returns what else a provider counts as prompt: tools and the form of the answer."""
    found = [request[key] for key in ("tools", "response_format") if request.get(key)]
    return json.dumps(found, ensure_ascii=False) if found else ""


def _last_answer(texts: list[tuple[str, str]]) -> int:
    """Returns how many messages an earlier turn had: all before the last answer."""
    return max((at for at, (role, _) in enumerate(texts) if role == "assistant"), default=0)


def _positive(request: dict[str, Any], key: str, most: int | None = None) -> int | None:
    value = request.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1 or (most is not None and value > most):
        refuse(key, f"`{key}` must be a whole number from 1{'' if most is None else f' to {most}'}.")
    return value


def _stops(value: object) -> tuple[str, ...]:
    stops = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(stop for stop in stops if isinstance(stop, str) and stop)


def _tool(request: dict[str, Any], question: str, *, is_result_last: bool) -> dict[str, Any] | None:
    """Returns the function to call: the one that is forced, any if one must be, or one that the question names."""
    tools = request.get("tools")
    given = [_of(tool, "function") for tool in tools] if isinstance(tools, list) else []
    functions: list[dict[str, Any]] = [item for item in given if isinstance(_of(item, "name"), str)]
    choice = request.get("tool_choice")
    if choice == "none" or not functions or is_result_last:
        return None  # what came of a call is told in words, also where calls are required: an agent would never end
    if choice == "required":
        return functions[0]
    if forced := _of(_of(choice, "function"), "name"):
        named = next((item for item in functions if item["name"] == forced), None)
        return named or refuse("tool_choice", f"`tool_choice` names {forced}, which is not among `tools`.")
    return next((item for item in functions if _is_named(item["name"], question)), None)


def _is_named(name: str, question: str) -> bool:
    """Tells whether a question names a function: as it is, or by a word of its name (`get_weather`: weather)."""
    asked = question.lower()
    words = name.lower().replace("-", "_").split("_")
    return name.lower() in asked or any(len(word) > 4 and word in asked for word in words)


def _schema(response_format: object, texts: Sequence[str]) -> dict[str, Any] | None:
    match _of(response_format, "type"):
        case "json_object":
            any_object = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}
            return next((found for text in texts if (found := _written_schema(text))), any_object)
        case "json_schema":
            schema = _of(_of(response_format, "json_schema"), "schema")
            return schema if isinstance(schema, dict) else {"type": "object"}
    return None


def _written_schema(text: str) -> dict[str, Any] | None:
    """Returns a JSON schema of an object that stands in a text, as those who cannot send one write it there."""
    decoder, position = json.JSONDecoder(), text.find("{")
    for _ in range(SCHEMA_TRIES_MAX):
        if position < 0:
            break
        try:
            found, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            position += 1
        else:
            if isinstance(found, dict) and isinstance(found.get("properties"), dict):
                return found
        position = text.find("{", position)
    return None
