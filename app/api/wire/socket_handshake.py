"""The handshake of a page's socket: whose page it is, from where, and what of it is told on.

Of the headers only those are told that pages look at; the cookies are replaced by the ids of their rows and by from
where the socket came, so no state, log or store of the framework ever holds a secret.
"""

import re
import uuid
from collections.abc import Collection, MutableMapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from app import wiring
from app.api.common.visitor import CODE_COOKIE, SESSION_COOKIE, client_address, cookie_in
from app.api.wire.socket_messages import NAMESPACE, Reason
from app.domain.network import network_of
from app.flows.people.sign_in import recognise

Scope = MutableMapping[str, Any]

HEADER_BYTES_MAX = 1_024
QUERY_BYTES_MAX = 1_024
_TOLD_ON = frozenset({b"host", b"origin", b"user-agent", b"sec-websocket-version", b"upgrade", b"connection"})
_VERSION = re.compile(r"[0-9A-Za-z.+-]{1,30}")
_TOKEN = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Handshake:
    """What a browser says when it opens a page's socket; `is_renamed`: another page of this token is open."""

    token: str
    peer: str
    cookies: str
    is_renamed: bool = False

    def beside(self, open_tokens: Collection[str]) -> "Handshake":
        """Returns it with a token that no open page has: a tab that was doubled brings the first one's."""
        return replace(self, token=str(uuid.uuid4()), is_renamed=True) if self.token in open_tokens else self


@dataclass(frozen=True, slots=True)
class Seen:
    """A socket as it is told on, and the session that it belongs to, empty for nobody's."""

    scope: Scope
    session_id: str


def read_handshake(scope: Scope) -> Handshake | Reason:
    """Returns what a handshake says, or why it is refused."""
    headers = _first(scope)
    if scope["path"].rstrip("/") != NAMESPACE or len(scope["query_string"]) > QUERY_BYTES_MAX:
        return Reason.SHAPE
    asked = parse_qs(scope["query_string"].decode("latin-1"))
    token = asked.get("token", [""])[0]
    if not _TOKEN.fullmatch(token) or "sid" in asked or asked.get("transport") != ["websocket"]:
        return Reason.SHAPE
    if not _is_own_page(headers):
        return Reason.ORIGIN
    forwarded = ",".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for")
    address = client_address(scope["client"][0] if scope.get("client") else "", forwarded)
    return Handshake(token, network_of(address), headers.get(b"cookie", b"").decode("latin-1"))


async def admitted(shake: Handshake, scope: Scope) -> Seen:
    """Returns the socket as it is told on. Raises Unavailable."""
    session, code = (cookie_in(shake.cookies, name) for name in (SESSION_COOKIE, CODE_COOKIE))
    visitor = await recognise(session, code)
    found = (("session", visitor.session_id), ("code", visitor.code_id), ("network", shake.peer))
    ids = urlencode({name: row for name, row in found if row}, safe=":/")
    headers = [(name, value[:HEADER_BYTES_MAX]) for name, value in scope["headers"] if name in _TOLD_ON]
    if ids:
        headers.append((b"cookie", ids.replace("&", "; ").encode()))
    query = urlencode({"EIO": "4", "transport": "websocket", "token": shake.token}).encode()
    told = {**scope, "headers": headers, "query_string": query, "subprotocols": _version(scope),
            "path": f"{NAMESPACE}/", "raw_path": f"{NAMESPACE}/".encode()}  # fmt: skip
    return Seen(told, visitor.session_id)


def _version(scope: Scope) -> list[str]:
    """Returns the framework's version as a page names it: a browser waits for its echo."""
    return [named for named in scope.get("subprotocols", ())[:1] if _VERSION.fullmatch(named)]


def _first(scope: Scope) -> dict[bytes, bytes]:
    headers: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name, value)
    return headers


def _is_own_page(headers: dict[bytes, bytes]) -> bool:
    """Tells whether a socket is no other site's page's. Programs name no origin, and have no cookies but their own."""
    origin = headers.get(b"origin")
    if origin is None:
        return True
    asked = urlsplit(origin.decode("latin-1")).netloc
    own = {headers.get(b"host", b"").decode("latin-1"), urlsplit(wiring.get().settings.public_url).netloc}
    return bool(asked) and asked in own
