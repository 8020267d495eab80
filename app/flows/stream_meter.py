"""Reads a stream of server-sent events as it passes: forwards bytes as received, keeps usage and the end back.

Nothing is parsed while a chunk can hold neither usage, an error nor the end. The usage chunk that we asked
for and `[DONE]` are never forwarded from here: they wait for the settlement.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from app.domain.errors import ProviderFailed
from app.domain.pricing.quote import Tokens
from app.flows.ports import Redactor
from app.flows.provider_error import error_in, may_hold_error
from app.flows.provider_usage import read_cost, read_usage

EVENT_BYTES_MAX = 16_000_000
KEPT_BYTES_MAX = 8_000_000
"""How much of a stream is kept for counting; beyond it the bound stands (`decisions.md` 5)."""

_HEAD = ("id", "object", "created", "model", "system_fingerprint", "service_tier")
_DONE = b"[DONE]"
_USAGE = re.compile(rb'"usage"\s*:\s*\{')
_TEXT = re.compile(rb'"(?:content|refusal|reasoning_content|reasoning|name|arguments)"\s*:\s*"((?:[^"\\]|\\.)*)"')
_LINES = (b"data:", b":", b"event:", b"id:", b"retry:")
_BOUNDARY = re.compile(rb"\r?\n\r?\n")


@dataclass(slots=True)
class StreamMeter:
    """What has been seen of one stream.

    `head` is what every chunk says of the answer, `tokens` the last usage that made sense, `cost_nanos` what
    the provider said that it cost, `usage_event` the chunk that carried both alone, `is_done` whether
    `[DONE]` arrived, `error` what the provider said that went wrong instead.
    """

    tokens: Tokens | None = None
    cost_nanos: int | None = None
    head: dict[str, Any] = field(default_factory=dict)
    usage_event: dict[str, Any] | None = None
    is_done: bool = False
    error: dict[str, object] | None = None
    kept: list[bytes] | None = field(default_factory=list)
    redactor: Redactor | None = None
    _rest: bytes = b""
    _kept_bytes: int = 0
    _has_begun: bool = False

    def feed(self, chunk: bytes) -> bytes:
        """Takes bytes from the provider, returns those that may go on to the client now.

        Raises ProviderFailed if the first event is no chat completion chunk, or one event has no end.
        """
        data = self._rest + chunk if self._rest else chunk
        end = _end_of_events(data)
        if not end:
            self._rest = data
            if len(data) > EVENT_BYTES_MAX:
                raise ProviderFailed("The provider sent an event without an end.")
            return b""
        self._rest, data = data[end:], data[:end]
        return self._take(data if self.redactor is None else self.redactor.events(data))

    def _take(self, data: bytes) -> bytes:
        """Takes whole events, redacted; returns what may go on."""
        if not data:
            return data
        if not self._has_begun and not self._begins(data):
            return b""
        if (self.redactor is None or not self.redactor.is_plain) and _is_special(data):
            data = b"".join(self._passing(data))
        self._keep(data)
        return data

    def end(self) -> bytes:
        """Says that the provider closed: a last event without its blank line is an event all the same."""
        rest, self._rest = self._rest, b""
        passing = self.feed(rest.rstrip() + b"\n\n") if rest.strip() else b""
        return passing + self.release()

    def release(self) -> bytes:
        """Returns what the redactor still holds back, for nothing follows."""
        return b"" if self.redactor is None else self._take(self.redactor.rest())

    def _keep(self, data: bytes) -> None:
        if self.kept is None:
            return
        self._kept_bytes += len(data)
        if self._kept_bytes > KEPT_BYTES_MAX:
            self.kept = None
        else:
            self.kept.append(data)

    def take_back(self) -> None:
        """Says that what was fed last was not forwarded after all: usage that came with it is not of what was."""
        if self.kept:
            self.kept.pop()
        self.tokens = self.cost_nanos = self.usage_event = None

    def _begins(self, data: bytes) -> bool:
        """Tells whether the stream begins, and refuses one that is none before the client has been told of success.

        Comments alone are no beginning: they would be our first bytes, and an error behind them would have no status.
        """
        if any(line and not line.startswith(_LINES) for line in data.splitlines()):
            raise ProviderFailed("The provider's stream is no stream of events.")
        for payload in _payloads(data):
            if payload == _DONE:
                return True
            event = _load(payload)
            if event is None or not isinstance(event.get("choices"), list):
                raise ProviderFailed("The provider's stream is no chat completion.", body=error_in(data, event))
            self._has_begun = True
            self.head = {name: event[name] for name in _HEAD if name in event}
            return True
        return False

    def _passing(self, data: bytes) -> Iterator[bytes]:
        """Goes through events one by one, keeping back usage, errors and the end."""
        position = 0
        for boundary in _BOUNDARY.finditer(data):
            event = data[position : boundary.end()]
            position = boundary.end()
            if self._may_pass(event):
                yield event

    def _may_pass(self, event: bytes) -> bool:
        if self.is_done or self.error:
            return False
        if not _is_special(event):
            return True
        for payload in _payloads(event):
            if payload == _DONE:
                self.is_done = True
                return False
            content = _load(payload)
            self.error = error_in(event, content)
            if content is None:
                return self.error is None
            self.tokens = read_usage(content.get("usage")) or self.tokens
            self.cost_nanos = read_cost(content.get("usage")) or self.cost_nanos
            if self.error:
                return False
            if content.get("usage") and content.get("choices") == []:
                self.usage_event = content
                return False
        return True

    def final_tokens(self, *, is_cut: bool) -> Tokens | None:
        """Returns the provider's own usage, if it can stand for the whole answer.

        No output is none at all, whatever was written. In a stream that broke off, usage that came beside the words
        may be of any moment.
        """
        if self.tokens is None or not self.tokens.output or (is_cut and self.usage_event is None):
            return None
        return self.tokens

    def delivered_text(self) -> str | None:
        """Returns all text that was forwarded, reasoning and tool calls included; None if it was too much."""
        if self.kept is None:
            return None
        return output_text(b"".join(self.kept))

    def open_choices(self) -> list[tuple[int, bool]]:
        """Returns the choices that were begun and not ended, and whether each was in a tool call. Reads it all."""
        found: dict[int, bool] = {}
        for choice in _choices(b"".join(self.kept or ())):
            number, delta = choice.get("index"), choice.get("delta")
            index = number if isinstance(number, int) else 0
            is_call = isinstance(delta, dict) and bool(delta.get("tool_calls") or delta.get("function_call"))
            found[index] = found.get(index, False) or is_call
            if choice.get("finish_reason"):
                del found[index]
        return sorted(found.items()) or [(0, False)]

    def has_finish_reason(self) -> bool:
        """Tells whether every choice that was forwarded was ended, for providers without `[DONE]`. Reads it all."""
        seen, ended = set(), set()
        for choice in _choices(b"".join(self.kept or ())):
            number = choice.get("index")
            index = number if isinstance(number, int) else 0
            seen.add(index)
            if choice.get("finish_reason"):
                ended.add(index)
        return bool(seen) and seen == ended


def text_bytes(data: bytes) -> int:
    """Returns no less than the bytes of what `output_text` would find, without parsing anything."""
    return sum(map(len, _TEXT.findall(data)))


def output_text(data: bytes) -> str:
    """Returns what a model wrote in whole events."""
    pieces: list[str] = []
    for choice in _choices(data):
        gather_output(choice.get("delta"), pieces)
    return "".join(pieces)


def gather_output(message: object, pieces: list[str]) -> None:
    """Collects what a model wrote in a message or delta: content, refusal, reasoning, names and arguments.

    Reasoning has two names, and some providers say it under both.
    """
    if not isinstance(message, dict):
        return
    thought = message.get("reasoning_content") or message.get("reasoning")
    texts = (message.get("content"), message.get("refusal"), thought)
    pieces.extend(text for text in texts if isinstance(text, str))
    tool_calls = message.get("tool_calls")
    calls = list(tool_calls) if isinstance(tool_calls, list) else []
    if message.get("function_call"):
        calls.append({"function": message["function_call"]})
    for call in calls:
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            pieces.extend(str(function[name]) for name in ("name", "arguments") if function.get(name))


def _is_special(data: bytes) -> bool:
    """Tells whether events may hold usage, an error or the end; one pattern for all three takes twice the time."""
    return _DONE in data or _USAGE.search(data) is not None or may_hold_error(data)


def _end_of_events(data: bytes) -> int:
    """Returns where the last whole event ends; 0 if none does."""
    if data.endswith(b"\n\n"):
        return len(data)
    plain, carriage = data.rfind(b"\n\n"), data.rfind(b"\r\n\r\n")
    return max(plain + 2 if plain >= 0 else 0, carriage + 4 if carriage >= 0 else 0)


def _payloads(data: bytes) -> Iterator[bytes]:
    for line in data.splitlines():
        if line.startswith(b"data:"):
            yield line[5:].strip()


def _choices(data: bytes) -> Iterator[dict[str, Any]]:
    """Yields the choices of all chunks; what is none, in a stream that has begun well, is passed over."""
    for payload in _payloads(data):
        choices = (_load(payload) or {}).get("choices")
        yield from (choice for choice in choices if isinstance(choice, dict)) if isinstance(choices, list) else ()


def _load(payload: bytes) -> dict[str, Any] | None:
    try:
        content = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    return content if isinstance(content, dict) else None
