"""Server-sent events as they arrive: cut out whole, and written plainly where they were not.

What every provider sends, one `data:` line and an empty one, passes as the very bytes. What the standard allows beside
it is written in that way: line ends of one CR, a byte order mark, data over several lines, fields that nobody knows
(https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream).
"""

import re
from collections.abc import Iterator
from typing import Any, Protocol

from app.domain.errors import ProviderFailed
from app.formats.json_text import BYTE_ORDER_MARK, read_object, values_in

DONE = b"[DONE]"
VALUES_MAX = 100_000
"""How many values events may hold that are whole at once; of more than a few thousand it is one event that is long."""
_LINES = (b"data:", b":", b"event:", b"id:", b"retry:")
_ENDS = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)+")
_USUAL_ENDS = re.compile(rb"\n\n+")
"""The same where there is no CR, which is found many times as quickly."""
_LONE_END = re.compile(rb"\r(?!\n)")


class EventFilter(Protocol):
    """What events pass before anybody sees them, such as the redactor of a provider's key."""

    def knows(self, head: bytes, end: bytes) -> bool:
        """Tells whether this is what stood around the one text of an event that was looked at, and may go on."""
        ...

    def may_pass(self, text: bytes) -> bool:
        """Tells whether a text in events that it knows may go on as it is; if not, `events` looks at them."""
        ...

    def events(self, data: bytes) -> bytes:
        """Takes whole events and returns those that may go on; one whose text may go on as the key waits."""
        ...

    def rest(self) -> bytes:
        """Returns what was held back: nothing follows."""
        ...


class EventReader:
    """Makes whole events of one stream's bytes, however they were cut.

    What it gives are events that end with an empty line, with line ends of LF or CRLF, and JSON on one line of data.
    `dropped` is how the first thing began that was no event: `<` is a page's, `{` an answer's that is not streamed.
    `is_flowing` says that all that arrived was whole events, so that an event that arrives now stands for itself.
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        self._has_begun = self.is_flowing = False
        self._dropped_bytes = 0
        self.dropped = b""

    @property
    def waiting_bytes(self) -> int:
        """How much has arrived since the last event: of one without an end, or of what is none."""
        return len(self._rest) + self._dropped_bytes

    def feed(self, chunk: bytes) -> bytes:
        """Takes bytes, returns the events that are whole now."""
        if self.is_flowing and chunk[:5] == b"data:" and chunk[-2:] == b"\n\n":
            if chunk.find(b"\n") == len(chunk) - 2 and b"\r" not in chunk:
                return chunk
        looked = len(self._rest)
        self._rest += chunk
        if not self._has_begun:
            looked = self._begin()
        end = self._end_of_events(max(looked - 2, 0))
        self.is_flowing = self._has_begun and end == len(self._rest)
        if not end:
            return b""
        data = bytes(self._rest) if end == len(self._rest) else bytes(self._rest[:end])
        del self._rest[:end]
        plain = data if is_plain(data) else b"".join(map(_plainly, split_events(data)))
        if not plain:
            self._dropped_bytes += len(data)
            self.dropped = self.dropped or data.strip()[:1]
            self.is_flowing = False
        else:
            self._dropped_bytes = 0
        return plain

    def end(self) -> bytes:
        """Says that nothing more comes: a last event without its empty line is an event all the same."""
        rest, self._rest = bytes(self._rest).removeprefix(BYTE_ORDER_MARK), bytearray()
        return _plainly(rest.rstrip() + b"\n\n") if rest.strip() else b""

    def _begin(self) -> int:
        """Takes the byte order mark away, which may come in pieces; returns how much was looked at before: nothing."""
        if BYTE_ORDER_MARK.startswith(self._rest):
            if self._rest == BYTE_ORDER_MARK:
                self._rest.clear()
            return 0
        self._has_begun = True
        if self._rest.startswith(BYTE_ORDER_MARK):
            del self._rest[: len(BYTE_ORDER_MARK)]
        return 0

    def _end_of_events(self, begin: int) -> int:
        """Returns where the last whole event ends; 0 if none does behind `begin`, before which none can.

        A CR at the end that follows an LF may be half of a line end, and is waited for.
        """
        data = self._rest
        if data.endswith(b"\n\n"):
            return len(data)
        feeds, returns = data.rfind(b"\n\n", begin), data.rfind(b"\r\r", begin)
        mixed = data.rfind(b"\n\r", begin, len(data) - 1)
        ends = [place + 2 for place in (feeds, returns) if place >= 0]
        if mixed >= 0:
            ends.append(mixed + 2 + data.startswith(b"\n", mixed + 2))
        return max(ends, default=0)


def is_plain(data: bytes) -> bool:
    """Tells whether whole events are all written as usual: each one line that begins with `data:`."""
    if not data.startswith(b"data:") or not data.endswith(b"\n\n") or b"\r" in data:
        return False
    if data.find(b"\n") == len(data) - 2:
        return True
    ends = data.count(b"\n\n")
    return data.count(b"\n") == 2 * ends and data.count(b"\n\ndata:") == ends - 1


def check_size(data: bytes) -> None:
    """Raises ProviderFailed for events that would take seconds to read: each is read several times."""
    if len(data) > VALUES_MAX and values_in(data) > VALUES_MAX:
        raise ProviderFailed(f"The provider sent an event of more than {VALUES_MAX:,} values.")


def split_events(data: bytes) -> Iterator[bytes]:
    """Yields whole events one by one, each with the empty line behind it."""
    position = 0
    for end in (_ENDS if b"\r" in data else _USUAL_ENDS).finditer(data):
        yield data[position : end.end()]
        position = end.end()


def payloads(data: bytes) -> Iterator[bytes]:
    """Yields the data of whole events."""
    for line in data.splitlines():
        if line.startswith(b"data:"):
            yield line[5:].strip()


def contents(data: bytes) -> Iterator[dict[str, Any]]:
    """Yields the JSON objects in whole events; what is none is passed over."""
    for payload in payloads(data):
        content = None if payload == DONE else read_object(payload)
        if content is not None:
            yield content


def _plainly(event: bytes) -> bytes:
    """Returns an event as it came if it can be read line by line, else written anew; nothing if nothing is in it."""
    begun = event.lstrip(b"\r\n")
    body = begun.rstrip(b"\r\n")
    lines, ended = body.splitlines(), begun[len(body) :]
    data = [line for line in lines if line.startswith(b"data")]
    if len(data) <= 1 and not _LONE_END.search(body + ended[:2]) and all(line.startswith(_LINES) for line in lines):
        return body + (b"\r\n\r\n" if ended.startswith(b"\r\n") else b"\n\n") if body else b""
    fields = [line for line in lines if line.startswith(_LINES) and not line.startswith(b"data")]
    values = [line[5:].removeprefix(b" ") for line in data if line == b"data" or line.startswith(b"data:")]
    if any(values) and b"".join(values).lstrip()[:1] in (b"{", b"["):
        values = [b" ".join(values)]  # a line end in JSON is white space
    fields += [b"data: " + value for value in values if value]
    return b"\n".join(fields) + b"\n\n" if fields else b""
