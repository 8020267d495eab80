"""Finds the error that a provider says inside an answer whose status says success, in any of the forms it has; and
what an answer says of a filter or a refusal, without its text.

What is falsy (null, an empty text, `{}`, false) is no error: some providers send the field with every answer.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from app.domain.safety.log import Stopped
from app.domain.safety.tables import SafetyKind
from app.formats.event_stream import payloads
from app.formats.json_text import read_json
from app.formats.openai_message import choices_in

_ERROR_EVENT = re.compile(rb"(?:^|[\r\n])event:[ \t]*error[ \t]*[\r\n]")


FILTERED = Stopped(SafetyKind.CONTENT_FILTER, "content_filter")
DECLINED = Stopped(SafetyKind.PROVIDER_REFUSAL, "refusal")
_STOPPED = re.compile(rb'"finish_reason"\s*:\s*"(content_filter)"|"(refusal)"\s*:\s*"[^"]')


def may_hold_error(data: bytes) -> bool:
    """Tells whether events may hold an error, without parsing them."""
    return b'"error"' in data or (b"event:" in data and is_error_event(data))


def error_in(event: bytes, content: dict[str, Any] | None) -> dict[str, object] | None:
    """Returns the error of an event with the JSON object that it holds, if any, as `error_of` does.

    One that calls itself so (`event: error`) is an error whatever it holds.
    """
    error = _of_list(event) if content is None else error_of(content)
    if error is None and is_error_event(event):
        return {"error": _text_of(event) if content is None else content}
    return error


def is_error_event(event: bytes) -> bool:
    """Tells whether an event calls itself an error."""
    return _ERROR_EVENT.search(event) is not None


def error_of(content: dict[str, Any]) -> dict[str, object] | None:
    """Returns the error that an event or a whole answer holds, as `{"error": {…}}`; None where it holds none.

    It stands at the top, in a choice (OpenRouter, in the middle of a stream), in its words, or is the whole content
    (vLLM's `"object": "error"`, Anthropic's `"type": "error"`). A choice that ended with `error` is one without words.
    """
    if _is_said(error := content.get("error")):
        return _wrapped(error)
    if content.get("object") == "error" or content.get("type") == "error":
        return {"error": content}
    choices = content.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if not isinstance(choice, dict):
            continue
        for holder in (choice, choice.get("delta"), choice.get("message")):
            if isinstance(holder, dict) and _is_said(error := holder.get("error")):
                return _wrapped(error)
        if choice.get("finish_reason") == "error":
            return {"error": {}}
    return None


def _of_list(event: bytes) -> dict[str, object] | None:
    """Returns the error in an event that holds a list (Gemini)."""
    for payload in payloads(event) if b'"error"' in event else ():
        with suppress(ValueError):
            said = read_json(payload)
            found = [error_of(item) for item in said if isinstance(item, dict)] if isinstance(said, list) else []
            return next((error for error in found if error is not None), None)
    return None


def _is_said(error: object) -> bool:
    return any(map(_is_said, error.values())) if isinstance(error, dict) else bool(error)


def _wrapped(error: object) -> dict[str, object]:
    if isinstance(error, (dict, list)):
        return {"error": error}
    return {"error": {} if error is True else {"message": str(error)}}


def _text_of(event: bytes) -> dict[str, object]:
    lines = (line[5:].strip() for line in event.splitlines() if line.startswith(b"data:"))
    return {"message": b"\n".join(lines).decode("utf-8", "replace")}


def in_completion(content: dict[str, Any]) -> tuple[Stopped, ...]:
    """Returns what a whole answer says: that a choice was filtered, or declined by the model."""
    choices = list(choices_in([content]))
    found = []
    if any(choice.get("finish_reason") == FILTERED.code for choice in choices):
        found.append(FILTERED)
    if any(isinstance(choice.get("message"), dict) and choice["message"].get("refusal") for choice in choices):
        found.append(DECLINED)
    return tuple(found)


def in_stream(events: Iterable[bytes]) -> tuple[Stopped, ...]:
    """Returns the same of events; what stands in a text has a backslash before its quotes, and is not met."""
    said = {word for event in events for pair in _STOPPED.findall(event) for word in pair if word}
    return tuple(one for one in (FILTERED, DECLINED) if one.code.encode() in said)
