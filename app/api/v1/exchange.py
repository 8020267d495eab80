"""One chat request on the wire: its headers, and its answer as ASGI sends it, whole or piece by piece."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from app.api.common.rate_headers import headers_of_run
from app.domain.legs.legs import Source
from app.flows.callers.asked import Ask
from app.flows.chat.call import Run

Scope = MutableMapping[str, Any]
AsgiSend = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]

EVENTS = b"text/event-stream; charset=utf-8"
NO_ACTION: list[Header] = [(b"x-paywall-action", b"none")]


@dataclass(slots=True)
class Exchange:
    """One request and its answer on the wire; `raw` is its body until it is understood.

    `billing` is who pays the provider; `payer` says so where that is known only once an answer begins. `about` says in
    words what an answer of several models costs by now.
    """

    scope: Scope
    send: AsgiSend
    request_id: str
    headers: dict[bytes, bytes]
    raw: bytes = b""
    has_begun: bool = False
    begun: Run | Ask | None = None
    first: list[Header] = field(default_factory=lambda: NO_ACTION)
    billing: bytes = b"platform"
    payer: Callable[[], Source] | None = None
    about: Callable[[], Awaitable[str]] | None = None

    def text(self, name: bytes) -> str | None:
        """Returns a request header."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    def tell_request(self, request_id: str | None) -> None:
        """Says whose answer this is, where it is not this request's own: the id that has a receipt."""
        if request_id is not None and request_id != self.request_id:
            others = [header for header in self.scope["coinslot.headers"] if header[0] != b"x-request-id"]
            self.scope["coinslot.headers"] = [(b"x-request-id", request_id.encode()), *others]

    async def begin(self, status: int, content_type: bytes, more: list[Header]) -> None:
        """Sends status and headers."""
        limits = () if self.begun is None else headers_of_run(self.begun)
        billing = self.billing if self.payer is None else self.payer().encode()
        headers = [(b"content-type", content_type), (b"x-paywall-billing", billing), *limits, *more,
                   *self.scope["coinslot.headers"]]  # fmt: skip
        self.has_begun = True
        await self.send({"type": "http.response.start", "status": status, "headers": headers})

    async def answer(self, status: int, body: bytes, more: list[Header]) -> None:
        """Sends a whole JSON answer."""
        await self.begin(status, b"application/json", [(b"content-length", str(len(body)).encode()), *more])
        await self.send({"type": "http.response.body", "body": body})

    def piece(self, body: bytes) -> Awaitable[None]:
        """Sends a piece of a stream, its headers before the first."""
        if not self.has_begun:
            return self._first_piece(body)
        return self.send({"type": "http.response.body", "body": body, "more_body": True})

    async def _first_piece(self, body: bytes) -> None:
        await self.begin(200, EVENTS, self.first)
        await self.send({"type": "http.response.body", "body": body, "more_body": True})

    async def last(self, body: bytes) -> None:
        """Ends a stream with its last piece."""
        if not self.has_begun:
            await self.begin(200, EVENTS, self.first)
        await self.send({"type": "http.response.body", "body": body})

    async def end(self) -> None:
        """Ends a stream."""
        await self.send({"type": "http.response.body", "body": b""})
