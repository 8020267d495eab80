"""One request and its answer on a connection, written in as few steps as there are pieces.

Each step costs a call of the system and wakes whoever reads: the head goes with the first of the body, as ASGI allows
("a server must not start sending the response until it has received at least one body event").
"""

import asyncio
from collections.abc import Callable, Coroutine
from operator import itemgetter
from typing import Any, cast

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    RequestResponseCycle,
)


class Outlet:
    """What an answer is written to: a transport, and the head that still waits for its body."""

    __slots__ = ("_transport", "head", "takes_head")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.head = b""
        self.takes_head = False

    def write(self, data: bytes) -> None:
        """Writes the head and this together; keeps what is a head itself."""
        if self.takes_head:
            self.takes_head, self.head = False, data
        elif self.head:
            head, self.head = self.head, b""
            self._transport.writelines((head, data))
        else:
            self._transport.write(data)

    def flush(self) -> None:
        """Writes a head that nothing comes behind."""
        head, self.head = self.head, b""
        if head:
            self._transport.write(head)

    def close(self) -> None:
        """Closes the connection; a head whose answer broke before its body was never begun."""
        self._transport.close()

    def is_closing(self) -> bool:
        """Tells whether it is closed, or about to be."""
        return self._transport.is_closing()


_CHUNKED = (b"transfer-encoding", b"chunked")
_BODILESS = (204, 304)
_VALUE = itemgetter(1)


async def _nothing() -> None:
    """Is sent already."""


class Cycle(RequestResponseCycle):
    """One request and its answer. In HTTP/1.0 an answer of unknown length ends with the connection.

    A client that still sends its body when the answer ends the connection is let finish, or it could not read it.
    """

    linger: Callable[[], None]
    transport: Outlet  # type: ignore[assignment]
    _is_open = _is_usual = False

    def send(self, message: ASGISendEvent) -> Coroutine[Any, Any, None]:
        """No step for pieces of an answer whose request was read: they go straight to uvicorn."""
        if self.response_started:
            return super().send(message) if self._is_usual else self._send(message)
        self._is_usual = not self.more_body and self.scope["http_version"] == "1.1" and self.scope["method"] != "HEAD"
        if self._is_usual and message["type"] == "http.response.start" and self._begins(message):
            return _nothing()
        self.transport.takes_head = True
        return super().send(message) if self._is_usual else self._send(message)

    def _begins(self, message: ASGISendEvent) -> bool:
        """Begins an answer as uvicorn does, where its head says nothing of its own about the connection.

        Tells whether it did: whatever is wrong or rare is left to uvicorn.
        """
        headers = [*self.default_headers, *message.get("headers", ())]  # type: ignore[misc]
        said = dict(headers)
        names = b"".join(said)
        status = message["status"]  # type: ignore[typeddict-item]
        if self.disconnected or self.flow.write_paused or self.access_log or not self.keep_alive or status in _BODILESS:
            return False
        if not names.islower() or HEADER_RE.search(names) or HEADER_VALUE_RE.search(b"".join(map(_VALUE, headers))):
            return False
        if b"connection" in said or b"transfer-encoding" in said:
            return False
        length = said.get(b"content-length")
        if length is None:
            headers.append(_CHUNKED)
        self.chunked_encoding, self.expected_content_length = length is None, int(length or 0)
        self.response_started, self.waiting_for_100_continue = True, False
        self.transport.head = STATUS_LINE[status] + b"\r\n".join(map(b": ".join, headers)) + b"\r\n\r\n"
        return True

    async def _send(self, message: ASGISendEvent) -> None:
        is_last = message["type"] == "http.response.body" and not message.get("more_body", False)
        if message["type"] == "http.response.start":
            is_unsized = all(name.lower() != b"content-length" for name, _ in message.get("headers", ()))
            self._is_open = is_unsized and self.scope["http_version"] == "1.0"
            self.chunked_encoding = False if self._is_open else None
        elif self._is_open:
            self.expected_content_length = len(cast(bytes, message.get("body", b"")))
        lingers = is_last and self.more_body and not self.keep_alive and not self.disconnected
        self.keep_alive |= lingers
        if self.scope["method"] == "HEAD" and self.response_started:
            self.transport.flush()
        await super().send(message)
        if lingers:
            self.linger()
