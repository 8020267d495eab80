"""Keeps a provider's key out of what its answers say, wherever and in whatever form it stands there.

Bytes pass as they came while they can hold no form of the key. Where one may be, JSON is read and every text in it
looked at; a text that ends in what may be the beginning of a form is held back until what follows tells.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from app.adapters.providers.key_forms import MASK, KeyForms, forms_of

HELD_EVENTS_MAX = 256
HELD_BYTES_MAX = 256 * 1024
"""How much is held back for what may be a form; behind it what is there is judged as it stands."""
DEPTH_MAX = 32
"""What is nested deeper in what may hold a form is left out."""
SHAPES_MAX = 32
"""How many shapes of events are learnt in a stream; one that has more changes too often."""

_EVENT = re.compile(rb".*?(?:\r\n|\n|\r(?!\n)){2,}|.+", re.DOTALL)
_WRITTEN = re.compile(rb'"(?:content|reasoning_content|reasoning|text)"\s*:\s*"([^"\\]*)"')
_NO_TEXT = frozenset({"id", "type", "role", "finish_reason", "native_finish_reason", "object"})

Path = tuple[object, ...]


@dataclass(slots=True)
class _Text:
    """A text of an event that later events may go on with, and where it stands."""

    path: Path
    holder: Any
    name: Any

    @property
    def data(self) -> bytes:
        text: str = self.holder[self.name]
        return text.encode("utf-8", "surrogatepass")


@dataclass(slots=True)
class _Event:
    """An event that is looked at; `content` is its JSON, None where it is none."""

    raw: bytes
    content: Any = None
    texts: list[_Text] = field(default_factory=list)
    is_changed: bool = False


class KeyRedactor:
    """Redacts one answer; see Redactor."""

    def __init__(self, forms: KeyForms) -> None:
        self._forms = forms
        self._held: list[_Event] = []
        self._may_stand_in_text = forms.may_stand_in_text
        self._shapes_left = SHAPES_MAX
        self._head = self._end = self._between = b""
        self._text = slice(0)
        self._least = 0

    def events(self, data: bytes) -> bytes:
        """Takes whole events and returns those that may go on, redacted.

        Those of the shape that was learnt differ from one that was looked at in their texts alone.
        """
        if (
            self._least
            and len(data) >= self._least
            and not self._held
            and data.startswith(self._head)
            and data.endswith(self._end)
        ):
            text = data[self._text]
            if b'"' in text:
                text = text.replace(self._between, b"")
            if b'"' not in text and not self._may_stand_in_text(text):
                return data
        if not self._held and not self._may_begin_in(data):
            return data
        arrived = [self._read(found.group()) for found in _EVENT.finditer(data)]
        self._held += arrived
        released = self._release(is_end=any(map(_is_end, arrived)) or self._is_too_much())
        if released == data and data.count(b"\n\n") == 1:
            self._learn(data)
        return released

    def knows(self, head: bytes, end: bytes) -> bool:
        """Tells whether this is what stood around the one text of the event looked at last, and holds no form."""
        return bool(self._least) and (self._head, self._end) == (head, end)

    def may_pass(self, text: bytes) -> bool:
        """Tells whether a text in a shape that was looked at may go on: nothing is held, no form may stand in it."""
        return not self._held and not self._may_stand_in_text(text)

    def rest(self) -> bytes:
        """Returns what was held back, redacted: nothing follows."""
        return self._release(is_end=True) if self._held else b""

    def body(self, raw: bytes) -> bytes:
        """Returns a whole body, redacted; the very bytes where it holds no form."""
        if not self._forms.may_stand_in(raw):
            return raw
        content = _load(raw)
        if not isinstance(content, (dict, list)):
            return self._forms.masked(raw)
        cleaned = self._cleaned(content, DEPTH_MAX)
        return raw if cleaned == content else _dump(cleaned)

    def _may_begin_in(self, data: bytes) -> bool:
        """Tells whether a form may begin in events, and learns the shape of the one in the middle.

        What most of many events have in common is looked at once.
        """
        before = data.rfind(b"\n\n", 0, len(data) // 2 + 1)
        middle = before + 2 if before >= 0 else 0
        event = data[middle : data.find(b"\n\n", middle) + 2]
        is_learnt = self._learn(event)
        if is_learnt and len(event) < len(data):
            data = event + data.replace(self._between, b"")
        may_begin = self._forms.may_begin_in(data)
        if may_begin and is_learnt:
            self._least = 0
        return may_begin

    def _learn(self, event: bytes) -> bool:
        """Learns the shape of an event: what stands before and behind its one text; tells whether there is just one."""
        found = list(_WRITTEN.finditer(event)) if self._shapes_left else []
        if len(found) != 1:
            return False
        self._shapes_left -= 1
        start, end = found[0].span(1)
        self._head, self._end = event[:start], event[end:]
        self._between, self._text = self._end + self._head, slice(start, end - len(event))
        self._least = len(self._between)
        return True

    def _is_too_much(self) -> bool:
        return len(self._held) > HELD_EVENTS_MAX or sum(len(event.raw) for event in self._held) > HELD_BYTES_MAX

    def _read(self, raw: bytes) -> _Event:
        """Reads an event, and redacts in it what stands for itself."""
        lines = [line[5:].strip() for line in raw.splitlines() if line.startswith(b"data:")]
        content = _load(b"\n".join(lines))
        if not isinstance(content, dict):
            return _Event(self._forms.masked(raw))
        choices = content.get("choices")
        if isinstance(choices, list):
            del content["choices"]
        beside = self._cleaned(content, DEPTH_MAX)
        others = b"".join(line for line in raw.splitlines(keepends=True) if not line.startswith(b"data:"))
        event = _Event(raw, beside, is_changed=beside != content or self._forms.masked(others) != others)
        if isinstance(choices, list):
            beside["choices"] = self._cleaned(choices, DEPTH_MAX, but_texts=True)
            event.is_changed = event.is_changed or beside["choices"] != choices
            event.texts = list(_texts(beside["choices"], ()))
        return event

    def _cleaned(self, value: Any, depth: int, *, but_texts: bool = False) -> Any:
        """Returns a copy of a value with every string in it redacted, or all `but_texts` that `_texts` finds."""
        if isinstance(value, str):
            return self._forms.masked_text(value)
        if isinstance(value, int) and not isinstance(value, bool):
            written = str(value)
            return value if self._forms.masked_text(written) == written else MASK.decode()
        if not isinstance(value, (dict, list)):
            return value
        if not depth:
            return None
        if isinstance(value, list):
            return [
                item if but_texts and isinstance(item, str) else self._cleaned(item, depth - 1, but_texts=but_texts)
                for item in value
            ]
        return {
            self._forms.masked_text(name): item
            if but_texts and isinstance(item, str) and name not in _NO_TEXT
            else self._cleaned(item, depth - 1, but_texts=but_texts)
            for name, item in value.items()
        }

    def _release(self, *, is_end: bool) -> bytes:
        """Redacts what is held, and returns the events in which no form may have begun that goes on behind them."""
        free = len(self._held)
        paths: dict[Path, list[tuple[int, _Text]]] = {}
        for number, event in enumerate(self._held):
            for text in event.texts:
                paths.setdefault(text.path, []).append((number, text))
        for pieces in paths.values():
            free = min(free, self._redact(pieces, is_end=is_end))
        released, self._held = self._held[:free], self._held[free:]
        return b"".join(map(self._written, released))

    def _redact(self, pieces: list[tuple[int, _Text]], *, is_end: bool) -> int:
        """Redacts a text that came in pieces; returns the event where what must wait begins, a large number if none."""
        parts = [text.data for _, text in pieces]
        joined = b"".join(parts)
        unfinished = len(joined) if is_end else self._forms.unfinished(joined)
        spans = []
        for start, end in self._forms.spans(joined):
            if end == len(joined) and not is_end and not self._forms.is_complete(joined[start:end]):
                unfinished = min(unfinished, start)
            elif start < unfinished:
                spans.append((start, end))
        waiting, position = HELD_EVENTS_MAX * HELD_BYTES_MAX, 0
        for (number, text), part in zip(pieces, parts, strict=True):
            end = position + len(part)
            kept = _without(part, position, spans)
            if kept is not part:
                text.holder[text.name] = kept.decode("utf-8", "replace")
                self._held[number].is_changed = True
            if unfinished < end:
                waiting = min(waiting, number)
            position = end
        return waiting

    def _written(self, event: _Event) -> bytes:
        """Returns an event as it came, or written anew where something in it was redacted."""
        if not event.is_changed:
            return event.raw
        lines = [self._forms.masked(line) for line in event.raw.splitlines() if line and not line.startswith(b"data:")]
        return b"\n".join([*lines, b"data: " + _dump(event.content), b"", b""])


def redactor_of(key: str | None) -> KeyRedactor | None:
    """Returns what keeps a key out of one answer; None where there is no key, or one that is no secret."""
    forms = forms_of(key)
    return None if forms is None else KeyRedactor(forms)


def _is_end(event: _Event) -> bool:
    """Tells whether no text goes on behind an event: an error, a finish reason, usage alone, `[DONE]`."""
    if event.content is None:
        return b"[DONE]" in event.raw or b"event:" in event.raw
    choices = event.content.get("choices")
    if not choices or not isinstance(choices, list):
        return True
    reasons = (choice.get("finish_reason") for choice in choices if isinstance(choice, dict))
    return b'"error"' in event.raw or any(reasons)


def _without(part: bytes, position: int, spans: list[tuple[int, int]]) -> bytes:
    """Returns a piece without what is redacted, the mask where that begins; `position` is the piece's own."""
    kept, at = [], 0
    for start, end in spans:
        first, last = start - position, end - position
        if last <= 0 or first >= len(part):
            continue
        kept += [part[at : max(first, 0)], MASK if first >= 0 else b""]
        at = min(last, len(part))
    return b"".join([*kept, part[at:]]) if kept else part


def _texts(value: Any, path: Path) -> Iterator[_Text]:
    """Finds every text that a model may write; pieces of one have the same path, whatever their place in a list."""
    if len(path) > DEPTH_MAX:
        return
    if isinstance(value, dict):
        index = value.get("index")
        own = (*path, index) if isinstance(index, int) else path
        for name, item in value.items():
            if isinstance(item, str) and name not in _NO_TEXT:
                yield _Text((*own, name), value, name)
            elif isinstance(item, (dict, list)):
                yield from _texts(item, (*own, name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            if isinstance(item, str):
                yield _Text((*path, number), value, number)
            else:
                yield from _texts(item, path)


def _load(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def _dump(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
