"""Chat as the published `llmwise` clients (0.1.2 of PyPI and npm) ask and read it, over OpenAI's own. Pure.

Both must read a stream whole. The one of npm cuts it at the two characters backslash and n, so behind each event and
comment comes a line that holds only these, an unknown field to every other reader; and no JSON may hold them, so that
newlines and backslashes are written by their numbers. The one of PyPI cuts at every line end that Unicode knows, so
that nothing but ASCII is written.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

import orjson

from app.domain.errors import BadField
from app.domain.money import CREDITS_PER_DOLLAR
from app.formats.event_stream import DONE, EventReader, payloads
from app.formats.json_text import read_object
from app.formats.openai_message import choices_in

PASSED = ("model", "messages", "temperature", "max_tokens", "tools", "tool_choice", "parallel_tool_calls",
          "response_format")  # fmt: skip
"""What goes to the model as it is."""
IGNORED = ("stream", "cost_saver", "optimization_goal", "semantic_memory", "semantic_top_k", "semantic_min_score",
           "routing")  # fmt: skip
"""What is taken and goes nowhere: `stream` and what says the route are read by themselves."""
CHAT = "chat"
"""The mode of an answer that one model alone might have given."""
ROUTE = "paywall_route"
"""Where the route of an answer stands that several models might have given."""
NOTHING: Mapping[str, Any] = {}
_ESCAPE = re.compile(r"\\([\\n])")
_CUT = b"\\n\n\n"
COST = b"event: cost\n"
"""How an event begins that our own page is told between the others: what the answer costs by now."""
COMMENT = b": waiting for the model\n" + _CUT


def to_openai(body: object) -> dict[str, Any]:
    """Returns a body as OpenAI's chat has it; an absent `stream` means true. Raises BadField, which names the field."""
    if not isinstance(body, dict):
        raise BadField(None, "The body must be a JSON object.")
    for name in body:
        if name not in (*PASSED, *IGNORED, "conversation_id"):
            raise BadField(name, f"`{name[:40]}` is no field of a chat.", "unsupported_field")
    is_stream = body.get("stream", True)
    if not isinstance(is_stream, bool):
        raise BadField("stream", "`stream` must be true or false.")
    asked = {name: body[name] for name in PASSED if body.get(name) is not None}
    return {**asked, "stream": is_stream, **({"stream_options": {"include_usage": True}} if is_stream else {})}


def conversation_of(body: Mapping[str, Any]) -> str | None:
    """Returns the conversation in which something is asked, None for none. Raises BadField."""
    named = body.get("conversation_id")
    if named is not None and not isinstance(named, str):
        raise BadField("conversation_id", "`conversation_id` must be the id of one of your conversations.")
    return named or None


def question_of(messages: object) -> str:
    """Returns the text of what was asked last, empty where it has none: pictures are no texts."""
    said = messages if isinstance(messages, list) else []
    asked = [one for one in said if isinstance(one, Mapping) and one.get("role") == "user"]
    return _text(asked[-1].get("content"), "\n\n") if asked else ""


def event(content: Mapping[str, Any]) -> bytes:
    """Returns an event as both clients read it."""
    text = _ESCAPE.sub(lambda found: "\\u005c" if found[1] == "\\" else "\\u000a", json.dumps(content))
    return b"data: " + text.encode() + b"\n" + _CUT


class AccountStream:
    """Rewrites one answer's events as they come, however they were cut. Its last is `done`, or an `error`.

    What it cost stands in the last chunk before `[DONE]`, which is ours as that is; what says the same anywhere else is
    its provider's, and so is a route behind the answer's beginning. `beside` is what `done` says of the answer that is
    not in it.
    """

    def __init__(self, beside: Mapping[str, Any] = NOTHING) -> None:
        self._beside = beside
        self._events = EventReader()
        self._at: int | None = None
        self._first_at: int | None = None
        self._has_text = False
        self._finish: str | None = None
        self._model = ""
        self._leg: dict[str, Any] = {}
        self._last: Mapping[str, Any] | None = None
        self._last_at: int | None = None
        self._has_begun = False

    def feed(self, piece: bytes, at: int | None = None) -> bytes:
        """Takes bytes of OpenAI's events, and returns what is whole of them now; a comment stays one.

        `at` is how many milliseconds after the call they came, None where that says nothing.
        """
        self._at = at
        if piece.startswith(b":") and piece.endswith(b"\n\n") and not self._events.waiting_bytes:
            return COMMENT
        if piece.startswith(COST) and not self._events.waiting_bytes:
            return piece
        return b"".join(map(self._say, payloads(self._events.feed(piece))))

    def _say(self, payload: bytes) -> bytes:
        if payload != DONE:
            chunk = read_object(payload)
            return b"" if chunk is None else self._rewrite(chunk)
        if self._last is None:
            return b""
        sums = _sums(self._last, self._model, self._finish, self._beside)
        return event({"event": "done", "done": True, **sums, **self._times(sums["completion_tokens"])})

    def _rewrite(self, chunk: dict[str, Any]) -> bytes:
        self._model = _word(chunk.get("model")) or self._model
        if error := chunk.get("error"):
            said = error if isinstance(error, dict) else {"message": str(error)}
            status = said.get("provider_status") or 502
            return event({"error": said.get("message", ""), "code": said.get("code"), "status_code": status,
                          "refunded": not self._has_text, "done": True})  # fmt: skip
        if not self._has_begun and isinstance(route := chunk.get(ROUTE), dict) and not chunk.get("choices"):
            # A provider may write such a thing too, before its answer begins: then it is a route, whatever it says.
            is_known = route.get("status") == "answered" and isinstance(route.get("leg"), int)
            self._leg = {"leg": route["leg"]} if is_known else self._leg
            return event({**route, "event": "route"})
        self._has_begun = True
        events = []
        for choice in choices_in([chunk]):
            self._finish = _word(choice.get("finish_reason")) or self._finish
            delta = _object(choice.get("delta"))
            text, calls = _text(delta.get("content")), delta.get("tool_calls")
            if text or calls:
                if not self._has_text:
                    self._has_text, self._first_at = True, self._at
                called = {"tool_calls": calls} if calls else {}
                events.append(event({"model": self._model, **self._leg, "delta": text, **called, "done": False}))
        if "paywall" in chunk and not chunk.get("choices"):
            self._last, self._last_at = chunk, self._at
        return b"".join(events)

    def _times(self, tokens: int) -> dict[str, Any]:
        """Returns how long it took to the first word and to the last, and how quick those between were."""
        if self._last_at is None or self._first_at is None:
            return {} if self._last_at is None else {"latency_ms": self._last_at}
        spoken = self._last_at - self._first_at
        pace = {"tokens_per_second": round(tokens * 1_000 / spoken, 1)} if spoken else {}
        return {"latency_ms": self._last_at, "ttft_ms": self._first_at, **pace}


def to_whole(answer: bytes, beside: Mapping[str, Any] = NOTHING, at: int | None = None) -> bytes:
    """Returns a whole answer of OpenAI's as the clients read one, `at` so many milliseconds after the call."""
    content = read_object(answer) or {}
    choice = next(choices_in([content]), {})
    message = _object(choice.get("message"))
    called = {"tool_calls": message["tool_calls"]} if message.get("tool_calls") else {}
    finish = _word(choice.get("finish_reason")) or None
    sums = _sums(content, _word(content.get("model")), finish, beside)
    took = {} if at is None else {"latency_ms": at}
    return orjson.dumps({"content": _text(message.get("content")), **called, **sums, **took})


def to_error(answer: bytes) -> bytes:
    """Returns an error of OpenAI's shape in the account API's, as JSON."""
    return orjson.dumps(flat_error(read_object(answer) or {}))


def flat_error(body: Mapping[str, Any]) -> dict[str, Any]:
    """Returns an error of OpenAI's shape in the account API's: the message, its code, the field or link it names."""
    said = body.get("error") or {}
    named = {name: said[name] for name in ("param", "url") if said.get(name) is not None}
    return {"error": said.get("message", ""), "code": said.get("code"), **named}


def _sums(content: Mapping[str, Any], model: str, finish: str | None, beside: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what an answer used and cost: credits whole, `cost` in dollars."""
    usage, paywall = _object(content.get("usage")), _object(content.get("paywall"))
    charged, route = int(paywall.get("charge", "0")), dict(paywall.get(ROUTE, {}))
    resolved = route.get("final_model", model)
    return {
        "id": paywall.get("request_id", content.get("id")),
        "mode": CHAT,
        "model": model,
        "resolved_model": resolved,
        "finish_reason": finish,
        "prompt_tokens": _whole(usage.get("prompt_tokens")),
        "completion_tokens": _whole(usage.get("completion_tokens")),
        "credits_charged": charged,
        "credits_remaining": int(paywall.get("balance", "0")) // 1_000_000,
        "cost": charged / CREDITS_PER_DOLLAR,
        "semantic_memory_used": False,
        "semantic_memory_hits": 0,
        **beside,
        **_payer_of(route),
        **route,
    }


def _object(value: object) -> Mapping[str, Any]:
    """Returns an object; of what is none, one that says nothing."""
    return value if isinstance(value, dict) else {}


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _text(content: object, between: str = "") -> str:
    """Returns the text of a message, also where it comes in parts."""
    if isinstance(content, list):
        return between.join(_word(part.get("text")) for part in content if isinstance(part, dict) and part.get("text"))
    return _word(content)


def _payer_of(route: Mapping[str, Any]) -> dict[str, bool]:
    """Returns whether an own key paid for the model that answered, where several might have."""
    answered = [one for one in route.get("trace") or () if one.get("status") == "answered"]
    return {"byok": answered[-1].get("billing_source") == "byok"} if answered else {}
