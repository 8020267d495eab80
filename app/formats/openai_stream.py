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
from app.formats.event_stream import DONE, EventFilter, EventReader, check_size, contents, payloads, split_events
from app.formats.json_text import read_object
from app.formats.openai_error import error_in, error_of, is_error_event, may_hold_error
from app.formats.openai_message import Written, choices_in, written_in
from app.formats.openai_usage import Usage, usage_of, without_usage
from app.formats.text_bound import EventShape, TextBound

EVENT_BYTES_MAX = 16_000_000
COMMENT_BYTES_MAX = 1_000_000
"""How much a stream may say of nothing before it begins."""
KEPT_BYTES_MAX = 8_000_000
"""How much of a stream is kept for counting; beyond it the bound stands (`decisions.md` 5)."""

NO_STREAM = (b"<", b"{", b"[")
"""How a page and JSON begin, and no event."""
_HEAD = ("id", "object", "created", "model", "system_fingerprint", "service_tier")
_USAGE = re.compile(rb'"usage"\s*:\s*[^n\s]')
_TIMINGS = b'"timings"'
"""Where llama.cpp says how many tokens there were, if it says no usage."""


@dataclass(slots=True)
class StreamMeter:
    """What has been seen of one stream.

    `wants_usage` says that the client gets our usage chunk at the end, and so no other. `head` is what every chunk says
    of the answer, `usage` all that was said of that, `usage_event` the last chunk that carried nothing else, `is_done`
    whether `[DONE]` arrived, `error` what the provider said that went wrong instead, `unbegun` the last event of a
    stream that has not begun. `events` are made of what arrives.
    """

    wants_usage: bool = False
    usage: Usage | None = None
    head: dict[str, Any] = field(default_factory=dict)
    usage_event: dict[str, Any] | None = None
    is_done: bool = False
    error: dict[str, object] | None = None
    unbegun: dict[str, Any] | None = None
    kept: list[bytes] | None = field(default_factory=list)
    redactor: EventFilter | None = None
    bound: TextBound = field(default_factory=TextBound)
    _usual: EventShape | None = None
    events: EventReader = field(default_factory=EventReader)
    _kept_bytes: int = 0
    _comment_bytes: int = 0
    _has_begun: bool = False
    _waiting: bytearray = field(default_factory=bytearray)
    _is_alone: bool = False
    _is_stale: bool = False
    _growth: int = 0
    _of_choices: dict[int, Usage] = field(default_factory=dict)
    _before: tuple[Usage | None, dict[str, Any] | None, dict[int, Usage] | None] = (None, None, None)

    def feed(self, chunk: bytes) -> bytes:
        """Takes bytes from the provider, returns those that may go on to the client now.

        Raises ProviderFailed if the first event is no chat completion chunk, one has no end, or holds too much.
        """
        usual = self._usual
        if usual is not None and self.usage is None and self.events.is_flowing:
            text = usual.text_in(chunk)
            if text is not None and (self.redactor is None or self.redactor.may_pass(text)):
                self.bound.noted, self.bound.noted_bytes = chunk, usual.bound_of(chunk, text)
                self._before = (None, self.usage_event, self._of_choices)
                self._keep(chunk)
                return chunk
        data = self.events.feed(chunk)
        if not self._has_begun and self.events.dropped in NO_STREAM:
            raise ProviderFailed("The provider's stream is no stream of events.")
        if not data:
            if self.events.waiting_bytes > EVENT_BYTES_MAX:
                raise ProviderFailed("The provider sent an event without an end.")
            return b""
        check_size(data)
        return self._take(data if self.redactor is None else self.redactor.events(data))

    def end(self) -> bytes:
        """Says that the provider closed: a last event without its blank line is an event all the same."""
        data = self.events.end()
        check_size(data)
        if data and self.redactor is not None:
            data = self.redactor.events(data)
        return self._take(data) + self.release()

    def release(self) -> bytes:
        """Returns what the redactor still holds back, for nothing follows."""
        return b"" if self.redactor is None else self._take(self.redactor.rest())

    def _take(self, data: bytes) -> bytes:
        """Takes whole events, redacted; returns what may go on."""
        if not data or (not self._has_begun and not (data := self._beginning(data))):
            return b""
        self._before = (self.usage, self.usage_event, self._of_choices)
        if is_special(data):
            data = b"".join(self._passing(data))
        elif self.usage is not None:
            self._note_text(data)
        elif self.kept:
            self._learn_usual(data)
        self._keep(data)
        return data

    def _learn_usual(self, data: bytes) -> None:
        """Learns of events that are not the first how those look that say nothing but a text.

        With no escape around the text, and no line beside that of data, no text makes one of them special.
        """
        shape = self.bound.shape_of(data)
        if shape is None or not shape.fits(data) or shape is self._usual:
            return
        is_usual = shape.head.startswith(b"data:") and b"\\" not in shape.between and not is_special(shape.between)
        if is_usual and (self.redactor is None or self.redactor.knows(shape.head, shape.end)):
            self._usual = shape

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
        self.usage, self.usage_event, of_choices = self._before
        self._of_choices = of_choices or {}
        self._is_alone = False

    def _beginning(self, data: bytes) -> bytes:
        """Returns events once the stream begins, and refuses one that is none before the client is told of success.

        Comments alone are no beginning: they would be our first bytes, and an error behind them would have no status.
        Chunks that come before the first with choices wait for it.
        """
        is_empty = True
        for written, payload in ((event, payload) for event in split_events(data) for payload in payloads(event)):
            is_empty, event = False, None if payload == DONE else read_object(payload)
            if payload != DONE and (not _may_begin(event) or is_error_event(written)):
                raise ProviderFailed("The provider's stream is no chat completion.", body=error_in(written, event))
            self.unbegun = event
            self.head |= {name: event[name] for name in _HEAD if name in event} if event else {}
            if event is None or isinstance(event.get("choices"), list):
                self._has_begun, self.unbegun = True, None
                break
        if is_empty:
            self._comment_bytes += len(data)
            if self._comment_bytes > COMMENT_BYTES_MAX:
                raise ProviderFailed("The provider's stream does not begin.")
            return b""
        self._waiting += data
        if self._has_begun:
            whole, self._waiting = bytes(self._waiting), bytearray()
            return whole
        if len(self._waiting) > EVENT_BYTES_MAX:
            raise ProviderFailed("The provider's stream does not begin.")
        return b""

    def _passing(self, data: bytes) -> Iterator[bytes]:
        """Goes through events one by one from the first that may be special, keeping back usage, errors and the end."""
        special = special_from(data)
        if special and not self.is_done and not self.error:
            usual, data = data[:special], data[special:]
            self._note_text(usual)
            yield usual
        for event in split_events(data):
            if not is_special(event):
                if not self.is_done and not self.error:
                    self._note_text(event)
                    yield event
                continue
            payload = next(payloads(event), b"")
            content = None if payload == DONE else read_object(payload)
            if payload == DONE:
                self.is_done = True
            elif self._may_pass(event, content):
                yield self._without_usage(event, payload, content)

    def _may_pass(self, event: bytes, content: dict[str, Any] | None) -> bool:
        """Learns what an event says, and tells whether it goes on to the client. Usage may come behind `[DONE]`."""
        if self.error:
            return False
        self._of_choices = dict(self._of_choices)  # what was before stays, to be taken back to
        usage = None if content is None else usage_of(content, self._of_choices)
        if usage is not None:
            self._learn(usage)
        if self.is_done:
            return False
        self.error = error_in(event, content)
        if self.error:
            return False
        if content is None:
            return True
        if not content.get("choices") and (usage is not None or content.get("usage")):
            self.usage_event, self._is_alone = content, usage is not None or self._is_alone
            return False
        if usage is None:
            self._is_stale = self._is_stale or bool(self.usage and written_in([content]))
        return True

    def _learn(self, usage: Usage) -> None:
        if usage.output:
            before = (self.usage.output if self.usage else None) or 0
            shrinks = usage.output < before
            self._growth = -1 if shrinks or self._growth < 0 else self._growth + (0 < before < usage.output)
            self._is_stale = False
        self.usage = usage if self.usage is None else usage.after(self.usage)

    def _note_text(self, data: bytes) -> None:
        """Notes that usage is not of the last words any more."""
        if self.usage is not None and not self._is_stale and written_in(contents(data)):
            self._is_stale, self._is_alone = True, False

    def _without_usage(self, event: bytes, payload: bytes, content: dict[str, Any] | None) -> bytes:
        """Returns an event as it goes to the client: who asked for usage gets it once, with what was charged."""
        if content is None or not self.wants_usage or _USAGE.search(payload) is None:
            return event
        return event.replace(payload, orjson.dumps(without_usage(content)))

    def final_tokens(self, *, is_cut: bool) -> Tokens | None:
        """Returns the provider's own usage, if it can stand for the whole answer.

        No output is none at all, whatever was written, and words may have come behind it. In a stream that broke off,
        usage that came beside words may be of any moment, unless it grew with them.
        """
        if self.usage is None or self._is_stale:
            return None
        return None if is_cut and not self._is_alone and self._growth < 1 else self.usage.tokens

    def delivered(self) -> Written | None:
        """Returns all that was forwarded, reasoning and tool calls included; None if it was too much."""
        return None if self.kept is None else written_in(contents(b"".join(self.kept)))

    def open_choices(self) -> list[tuple[int, bool]]:
        """Returns the choices that were begun and not ended, and whether each was in a tool call. Reads it all."""
        found: dict[int, bool] = {}
        for choice in self._choices():
            delta, index = choice.get("delta"), _index(choice)
            is_call = isinstance(delta, dict) and bool(delta.get("tool_calls") or delta.get("function_call"))
            found[index] = found.get(index, False) or is_call
            if choice.get("finish_reason"):
                del found[index]
        return sorted(found.items()) or [(0, False)]

    def has_finish_reason(self) -> bool:
        """Tells whether every choice that was forwarded was ended, for providers without `[DONE]`. Reads it all."""
        seen, ended = set(), set()
        for choice in self._choices():
            seen.add(_index(choice))
            if choice.get("finish_reason"):
                ended.add(_index(choice))
        return bool(seen) and seen == ended

    def _choices(self) -> Iterator[dict[str, Any]]:
        return choices_in(contents(b"".join(self.kept or ())))


def _may_begin(event: dict[str, Any] | None) -> bool:
    """Tells whether a stream of chunks may begin so: with choices, or without and as nothing else."""
    if event is None or event.get("choices") is not None:
        return event is not None and isinstance(event["choices"], list)
    return not error_of(event) and str(event.get("object") or "chat.completion").startswith("chat.completion")


def is_special(data: bytes) -> bool:
    """Tells whether events may hold usage, an error or the end; one pattern for all three takes twice the time."""
    return DONE in data or _USAGE.search(data) is not None or _TIMINGS in data or may_hold_error(data)


def special_from(data: bytes) -> int:
    """Returns where the first event begins that may be special; 0 where that takes more than a look."""
    if b"\r" in data:
        return 0
    usage = _USAGE.search(data)
    found = [len(data) if usage is None else usage.start()]
    found += [place for word in (DONE, _TIMINGS, b'"error"', b"event:") if (place := data.find(word)) >= 0]
    end = data.rfind(b"\n\n", 0, min(found))
    return 0 if end < 0 else end + 2


def _index(choice: dict[str, Any]) -> int:
    number = choice.get("index")
    return number if isinstance(number, int) else 0
