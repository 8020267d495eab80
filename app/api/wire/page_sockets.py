"""The gate of pages' sockets: what Reflex hears of a browser has passed here, and nothing else reaches its handlers.

A socket is of our own page, of a peer that has not too many, and says few, small, known messages; its cookies stay
here, and the ids of the rows that they stand for go on. What is refused or dropped is counted, and told to the log
once a minute, never in the sender's words.
"""

import asyncio
import resource
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
import structlog

from app import wiring
from app.api.common.errors import body_of, status_of
from app.api.common.seldom import Seldom
from app.api.wire.socket_handshake import Handshake, admitted, read_handshake
from app.api.wire.socket_messages import NAMESPACE, Calls, Dropped, Kind, Reason, read_message
from app.api.wire.socket_messages import Message as Passed
from app.domain import clock
from app.domain.errors import CoinslotError, NotFound
from app.domain.limits.budgets import Allowance, Budget, Budgets

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

CONNECT_SECONDS_MAX = 10.0
"""How long a socket may say nothing before it says whose page it is."""
OPENED = Allowance(300, 10)
"""New sockets of a peer."""
SAID = Allowance(60, 10)
"""Messages of a socket, SAID_BY_PEER of all sockets of a peer, SAID_IN_ALL of all sockets of this process."""
SAID_BY_PEER = Allowance(600, 30)
SAID_IN_ALL = Allowance(2_000, 200)
READ = Allowance(8, 0.5)
"""How often a socket may have its whole page read; READ_BY_PEER and READ_IN_ALL as above."""
READ_BY_PEER = Allowance(300, 10)
READ_IN_ALL = Allowance(1_000, 40)

_FRAMEWORKS_ROUTES = ("/_event", "/_upload", "/_health", "/_all_routes", "/ping", "/auth-codespace")
"""What Reflex answers over HTTP, and no page of ours asks for."""
_CLOSE = {"type": "websocket.close", "code": 1008}
_GONE = {"type": "websocket.disconnect", "code": 1008}

log = structlog.get_logger()
dropped: Counter[str] = Counter()
"""How many messages and sockets this process has dropped, by reason; /metrics shows it."""


class PageKeeper(Protocol):
    """Who keeps what belongs to open pages, and ends it with them."""

    def opened(self, token: str, peer: str, session_id: str) -> None:
        """A page's socket has opened; `token` is the page's own, of no other socket that is open."""

    def loaded(self, token: str) -> None:
        """The page of an open socket was loaded anew: it shows nothing yet, and is to show nothing old."""

    def closed(self, token: str) -> None:
        """A page's socket has closed."""


@dataclass(slots=True)
class Crowd:
    """Who has how many sockets open now."""

    of_peer: Counter[str]
    tokens: set[str]

    def has_room(self, peer: str) -> bool:
        """Tells whether one more may come: files must be left for everybody else's requests."""
        chosen, (files, _) = wiring.get().settings, resource.getrlimit(resource.RLIMIT_NOFILE)
        most = min(chosen.sockets_max, files // 2)
        return len(self.tokens) < most and self.of_peer[peer] < chosen.sockets_of_address_max

    def enter(self, peer: str, token: str) -> None:
        self.of_peer[peer] += 1
        self.tokens.add(token)

    def leave(self, peer: str, token: str) -> None:
        self.tokens.discard(token)
        self.of_peer[peer] -= 1
        if not self.of_peer[peer]:
            del self.of_peer[peer]


class Spent:
    """What may be had by a peer, and by all together."""

    def __init__(self, by_peer: Allowance, in_all: Allowance) -> None:
        self._by_peer, self._in_all = Budgets(by_peer), Budget(in_all, clock.monotonic_seconds())

    def take(self, peer: str) -> bool:
        """Takes one for a peer, if it and all together have one left."""
        return self._by_peer.take(peer) and self._in_all.take(clock.monotonic_seconds())


class PageSockets:
    """The ASGI app in front of Reflex."""

    def __init__(self, inner: App, calls: Calls, keeper: PageKeeper) -> None:
        self._inner, self._calls, self._keeper = inner, calls, keeper
        self._crowd, self._seldom = Crowd(Counter(), set()), Seldom()
        self._opened = Budgets(OPENED)
        self.said, self.read = Spent(SAID_BY_PEER, SAID_IN_ALL), Spent(READ_BY_PEER, READ_IN_ALL)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "websocket":
            return self._socket(scope, receive, send)
        if scope["type"] == "http" and _is_frameworks(scope["path"]):
            return _not_found(scope, send)
        return self._inner(scope, receive, send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # the connection's own opening message, which is told again to who is behind
        shake = self._let_in(read_handshake(scope))
        if isinstance(shake, Reason):
            self._drop(shake)
            await send(_CLOSE)
            return
        shake = shake.beside(self._crowd.tokens)
        self._crowd.enter(shake.peer, shake.token)
        try:
            await self._open(shake, scope, receive, send)
        finally:
            self._crowd.leave(shake.peer, shake.token)

    def _let_in(self, shake: Handshake | Reason) -> Handshake | Reason:
        """Returns a handshake that may come in, or why it may not."""
        if isinstance(shake, Reason):
            return shake
        if not self._crowd.has_room(shake.peer):
            return Reason.CROWD
        return shake if self._opened.take(shake.peer) else Reason.RATE

    async def _open(self, shake: Handshake, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a socket in for as long as it is open; while the database is away, nobody can be recognised."""
        try:
            seen = await admitted(shake, scope)
        except CoinslotError:
            await send(_CLOSE)
            return
        self._keeper.opened(shake.token, shake.peer, seen.session_id)
        line = Line(self, shake, receive, send)
        try:
            await self._inner(seen.scope, line.receive, line.send)
            # Reflex forgets the token in a task of its own, which is waiting now.
            await asyncio.sleep(0)
        finally:
            self._keeper.closed(shake.token)

    def judge(self, text: str) -> Passed | Dropped:
        """Returns what becomes of a text: a message that may pass, or why it is dropped."""
        return read_message(text, self._calls)

    def loaded(self, token: str) -> None:
        """Tells that a page was loaded anew."""
        self._keeper.loaded(token)

    def drop(self, found: Dropped) -> None:
        """Counts a message that was dropped."""
        self._drop(found.reason)

    def _drop(self, reason: Reason) -> None:
        dropped[reason.value] += 1
        if self._seldom.may(reason.value):
            log.warning("page_sockets", step="dropped", reason=reason.value, in_all=dropped[reason.value])


class Line:
    """One open socket, between the network and Reflex."""

    def __init__(self, gate: PageSockets, shake: Handshake, receive: Receive, send: Send) -> None:
        self._gate, self._shake, self._receive, self._send = gate, shake, receive, send
        now = clock.monotonic_seconds()
        self._said, self._read = Budget(SAID, now), Budget(READ, now)
        self._is_told, self._is_connected = False, False

    async def receive(self) -> Message:
        """Returns the next message that may pass."""
        if not self._is_told:
            self._is_told = True
            return {"type": "websocket.connect"}
        while True:
            try:
                async with asyncio.timeout(None if self._is_connected else CONNECT_SECONDS_MAX):
                    message = await self._receive()
            except TimeoutError:
                self._gate.drop(Dropped(Reason.IDLE))
                return _GONE
            if message["type"] != "websocket.receive":
                return message
            passed = self._passed(message.get("text") or "")
            if passed is not None:
                return {"type": "websocket.receive", "text": passed}
            # A flood of what is dropped must not keep the loop from everybody else.
            await asyncio.sleep(0)

    def _passed(self, text: str) -> str | None:
        found = self._judged(text)
        if isinstance(found, Dropped):
            self._gate.drop(found)
            return None
        self._is_connected |= found.kind is Kind.CONNECT
        if found.is_load:
            self._gate.loaded(self._shake.token)
        # Leaving the namespace is leaving: the socket has no other use.
        return "1" if found.kind is Kind.LEAVE else found.text

    def _judged(self, text: str) -> Passed | Dropped:
        peer, at = self._shake.peer, clock.monotonic_seconds()
        if not self._said.take(at):
            return Dropped(Reason.RATE)
        found = self._gate.judge(text)
        if isinstance(found, Dropped) or found.kind in (Kind.BEAT, Kind.LEAVE):
            return found
        # A second entry on one socket would be another page, of which nobody knows when it ends.
        if (found.kind is Kind.CONNECT) is self._is_connected:
            return Dropped(Reason.SHAPE)
        # Only what goes on is counted to the peer, so that nobody is silenced by what a neighbour says in vain.
        is_cheap = found.kind is Kind.EVENT
        has_left = self._gate.said.take(peer) if is_cheap else self._read.take(at) and self._gate.read.take(peer)
        return found if has_left else Dropped(Reason.RATE)

    async def send(self, message: Message) -> None:
        """Sends on; behind the welcome it tells a page whose token another one has which is its own."""
        await self._send(message)
        if self._shake.is_renamed and str(message.get("text", "")).startswith(f"40{NAMESPACE},"):
            renamed = f'42{NAMESPACE},["new_token","{self._shake.token}"]'
            await self._send({"type": "websocket.send", "text": renamed})


def _is_frameworks(path: str) -> bool:
    return any(path == route or path.startswith(f"{route}/") for route in _FRAMEWORKS_ROUTES)


async def _not_found(scope: Scope, send: Send) -> None:
    error = NotFound(f"There is no {scope['method']} {scope['path']}.")
    body = orjson.dumps(body_of(error))
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status_of(error), "headers": headers})
    await send({"type": "http.response.body", "body": body})
