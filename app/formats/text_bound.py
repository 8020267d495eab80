"""Bounds what is written in a stream, event by event: quickly where an event differs from another in its text alone.

Nearly all events of a stream do. Every line of a stream is bounded for itself, so what stands around the text is
bounded once, and of those that are alike only the texts are measured. Whatever else is written goes to `text_bytes`.
"""

import re
from dataclasses import dataclass

from app.formats.openai_message import text_bytes

SHAPES_MAX = 8
"""How many shapes of events are learnt in a stream; one that has more changes too often."""

_TEXT = re.compile(rb'"(?:content|reasoning_content|reasoning|text)"\s*:\s*"([^"\\\r\n]*)"(?=[,}])')
_no_text_in = re.compile(rb'["\r\n]|\\\Z').search
_PROBE = b"probe"


@dataclass(frozen=True, slots=True)
class EventShape:
    """What stands before and behind one text of an event of two lines, the second empty.

    `between` is what stands between the texts of two that follow each other, `text` where that of one stands, and
    `beside` how many bytes of text are in an event beside its own.
    """

    head: bytes
    end: bytes
    between: bytes
    text: slice
    beside: int

    def fits(self, events: bytes) -> bool:
        """Tells whether events begin and end as those of the shape do; what is between may be others."""
        return len(events) >= len(self.between) and events.startswith(self.head) and events.endswith(self.end)

    def text_in(self, piece: bytes) -> bytes | None:
        """Returns the text of what is nothing but one or more whole events of the shape, else None.

        Every byte of it stands in JSON texts: it ends none of them, and no line. A single text may hold escapes.
        """
        if not piece.startswith(self.head) or not piece.endswith(self.end) or len(piece) < len(self.between):
            return None
        text = piece[self.text]
        if _no_text_in(text) is None:
            return text
        text = text.replace(self.between, b"")
        return None if b"\\" in text or _no_text_in(text) else text

    def bound_of(self, piece: bytes, text: bytes) -> int:
        """Returns what `text_bytes` says of a piece in which `text_in` found that text."""
        return (len(piece) - len(text)) // len(self.between) * self.beside + len(text)


def shape_in(events: bytes) -> EventShape | None:
    """Returns the shape of the event in the middle of whole events.

    None where it has no text, or one that does not count as it is, beside what counts without it.
    """
    begin = events.rfind(b"\n\n", 0, len(events) // 2 + 1)
    begin = begin + 2 if begin >= 0 else 0
    event = events[begin : events.find(b"\n\n", begin) + 2]
    found = _TEXT.search(event)
    if found is None or event.count(b"\n") != 2 or b"\r" in event:
        return None
    start, stop = found.span(1)
    head, end = event[:start], event[stop:]
    beside = text_bytes(head + end)
    if text_bytes(head + _PROBE + end) != beside + len(_PROBE):
        return None
    return EventShape(head, end, end + head, slice(start, stop - len(event)), beside)


def is_text(text: bytes) -> bool:
    """Tells whether the bytes inside a JSON text are all of it: nothing in them ends it, or leaves its end open."""
    return _no_text_in(text) is None


class TextBound:
    """Bounds the text of one stream's events; what it says of each is what `text_bytes` says.

    `noted` is a piece that was bounded while it was read, by `noted_bytes`.
    """

    def __init__(self) -> None:
        self.noted = b""
        self.noted_bytes = 0
        self._shape: EventShape | None = None
        self._shapes_left = SHAPES_MAX

    def of(self, events: bytes) -> int:
        """Returns no less than the bytes of what `written_in` finds in whole events, without parsing anything."""
        shape = self.shape_of(events)
        if shape is None:
            return text_bytes(events)
        if shape.fits(events) and is_text(text := events[shape.text]):
            return shape.beside + len(text)
        first, *texts = events.split(shape.between)
        if not texts:
            return text_bytes(events)
        last, together = texts.pop(), b"".join(texts)
        bound = text_bytes(first + shape.end) + text_bytes(shape.head + last)
        if is_text(together) and b"\\" not in together:
            return bound + len(texts) * shape.beside + len(together)
        return bound + sum(
            shape.beside + len(text) if is_text(text) else text_bytes(shape.head + text + shape.end) for text in texts
        )

    def shape_of(self, events: bytes) -> EventShape | None:
        """Returns the shape that some of the events may have, the learnt one or that of the event in the middle."""
        shape = self._shape
        if shape is not None and (shape.fits(events) or shape.between in events):
            return shape
        if not self._shapes_left or (shape := shape_in(events)) is None:
            return None
        self._shapes_left -= 1
        self._shape = shape
        return shape
