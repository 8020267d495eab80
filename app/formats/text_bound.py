"""Bounds what is written in a stream, event by event: quickly where an event differs from another in its text alone.

Nearly all events of a stream do. Every line of a stream is bounded for itself, so what stands around the text is
bounded once, and of those that are alike only the texts are measured. Whatever else is written goes to `text_bytes`.
"""

import re

from app.formats.openai_message import text_bytes

SHAPES_MAX = 8
"""How many shapes of events are learnt in a stream; one that has more changes too often."""

_TEXT = re.compile(rb'"(?:content|reasoning_content|reasoning|text)"\s*:\s*"([^"\\\r\n]*)"(?=[,}])')
_PROBE = b"probe"


class TextBound:
    """Bounds the text of one stream's events; what it says of each is what `text_bytes` says."""

    def __init__(self) -> None:
        self._head = self._end = self._between = b""
        self._text = slice(0)
        self._beside = 0
        self._shapes_left = SHAPES_MAX

    def of(self, events: bytes) -> int:
        """Returns no less than the bytes of what `written_in` finds in whole events, without parsing anything."""
        between = self._between
        if between and len(events) >= len(between) and events.startswith(self._head) and events.endswith(self._end):
            text = events[self._text]
            if _is_text(text):
                return self._beside + len(text)
        elif not (between and between in events) and not self._learn(events):
            return text_bytes(events)
        first, *texts = events.split(self._between)
        if not texts:
            return text_bytes(events)
        last, together = texts.pop(), b"".join(texts)
        bound = text_bytes(first + self._end) + text_bytes(self._head + last)
        if _is_text(together) and b"\\" not in together:
            return bound + len(texts) * self._beside + len(together)
        return bound + sum(
            self._beside + len(text) if _is_text(text) else text_bytes(self._head + text + self._end) for text in texts
        )

    def _learn(self, events: bytes) -> bool:
        """Learns the shape of the event in the middle: what stands before and behind one text of it.

        Tells whether it did: whether a text that stands there counts as it is, beside what counts without it.
        """
        if not self._shapes_left:
            return False
        begin = events.rfind(b"\n\n", 0, len(events) // 2 + 1)
        begin = begin + 2 if begin >= 0 else 0
        event = events[begin : events.find(b"\n\n", begin) + 2]
        found = _TEXT.search(event)
        if found is None or event.count(b"\n") != 2:
            return False
        self._shapes_left -= 1
        start, end = found.span(1)
        head, rest = event[:start], event[end:]
        beside = text_bytes(head + rest)
        if text_bytes(head + _PROBE + rest) != beside + len(_PROBE):
            return False
        self._head, self._end, self._between, self._beside = head, rest, rest + head, beside
        self._text = slice(start, end - len(event))
        return True


def _is_text(text: bytes) -> bool:
    """Tells whether the bytes inside a JSON text are all of it: nothing in them ends it, or leaves its end open."""
    return b'"' not in text and b"\n" not in text and b"\r" not in text and text[-1:] != b"\\"
