"""A paywall answer as the client's SDK expects it: a real chat completion, whole or streamed."""

from typing import Any

import orjson

from app.domain import clock
from app.domain.ids import new_id

NO_USAGE = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
DONE = b"data: [DONE]\n\n"
PIECE_CHARACTERS = 24


def whole(model: str, text: str, paywall: dict[str, Any]) -> bytes:
    """Returns the assistant message as one completion."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text, "refusal": None},
        "logprobs": None,
        "finish_reason": "stop",
    }
    head = _head(model, "chat.completion")
    return orjson.dumps({**head, "choices": [choice], "usage": NO_USAGE, "paywall": paywall})


def streamed(model: str, text: str, paywall: dict[str, Any], wants_usage: bool) -> list[bytes]:
    """Returns the assistant message as events: role, content, stop, usage if asked for, `[DONE]`.

    The last of them that is a chunk carries `paywall`.
    """
    head = _head(model, "chat.completion.chunk")
    usage = {"usage": None} if wants_usage else {}

    def event(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return b"data: " + orjson.dumps({**head, "choices": [choice], **usage, **more}) + b"\n\n"

    pieces = [text[start : start + PIECE_CHARACTERS] for start in range(0, len(text), PIECE_CHARACTERS)]
    events = [event({"role": "assistant", "content": "", "refusal": None})]
    events += [event({"content": piece}) for piece in pieces]
    if not wants_usage:
        return [*events, event({}, "stop", paywall=paywall), DONE]
    last = {**head, "choices": [], "usage": NO_USAGE, "paywall": paywall}
    return [*events, event({}, "stop"), b"data: " + orjson.dumps(last) + b"\n\n", DONE]


def _head(model: str, kind: str) -> dict[str, Any]:
    return {
        "id": new_id("chatcmpl").replace("_", "-"),
        "object": kind,
        "created": clock.now() // clock.SECOND,
        "model": model,
    }
