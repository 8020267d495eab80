"""The way out to addresses that others name: to the public internet and nowhere else (`decisions.md` 33)."""

import asyncio
import errno
import ipaddress
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError

from app.adapters.outbound.unreachable import REFUSAL

LOOKUPS_MAX = 16
"""How many names a session looks up at once, in threads of its own: a slow name server holds up no database call."""
ADDRESSES_MAX = 4
"""How many addresses of one name are tried."""
ADDRESSES_KEPT_SECONDS = 30
"""For how long a name is not looked up again; its addresses are checked each time."""
IDLE_SECONDS_MAX = 4
"""How long a connection is kept for its next request: the usual servers drop theirs after 5 seconds."""
INTERIM_MAX = 16
"""How many answers may come before the one that counts (RFC 9110, 15.2): nobody needs more than one or two of them."""
UNTIMED = aiohttp.ClientTimeout(total=None)
"""For callers that bound the whole of a request themselves."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""RFC 6052: an IPv4 address in the last 32 bits, which a gateway of ours may translate to our own network."""


def is_public(address: str) -> bool:
    """Tells whether an IP address, as a socket is about to connect to it, is on the public internet.

    Private, loopback, link-local, shared, reserved, multicast and unspecified ones are not, nor is an
    IPv6 address that stands for such an IPv4 address, nor what is no address at all.
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour
        if inner is None and parsed in _NAT64:
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFF_FFFF)
        if inner is not None:
            return _is_public(inner)
        if parsed.teredo is not None or parsed.is_site_local:
            return False
    return _is_public(parsed)


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved


@lru_cache(maxsize=1024)
def place_of(url: str) -> str:
    """Returns the `host:port` that an http or https URL leads to, in lower case; empty where it leads nowhere."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return ""
    return f"{host}:{port}" if host else ""


def guarded_session(
    *, allow_private: bool, timeout: aiohttp.ClientTimeout = UNTIMED, idle_seconds_max: float = IDLE_SECONDS_MAX
) -> aiohttp.ClientSession:
    """Returns a session of the running event loop, for addresses that others name.

    An address is checked as its socket is opened, whatever name or spelling led to it: a name that changes its
    mind leads nowhere else. What leads to a private address raises aiohttp.ClientConnectorError with REFUSAL in
    it. Proxies, cookies and passwords of the environment are not used, compressed bodies neither asked for nor
    inflated, no POST is repeated, and one slow host takes no connection away from another. Redirects are not
    followed by who asks with `allow_redirects=False`, which a session cannot say for all of its requests.
    """
    connector = _Connector(
        limit=0,
        keepalive_timeout=idle_seconds_max,
        resolver=Lookups(),
        ttl_dns_cache=ADDRESSES_KEPT_SECONDS,
        socket_factory=None if allow_private else _open_public_socket,
    )
    return aiohttp.ClientSession(
        connector=connector,
        timeout=timeout,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        headers={"User-Agent": "coinslot", "Accept-Encoding": "identity"},
    )


async def read_bounded(answer: aiohttp.ClientResponse, bytes_max: int) -> bytes | None:
    """Returns the body of an answer, as it was sent; None if it is longer than that."""
    body = bytearray()
    while piece := await answer.content.readany():
        body += piece
        if len(body) > bytes_max:
            return None
    return bytes(body)


class _Connector(aiohttp.TCPConnector):
    allowed_protocol_schema_set = frozenset({"http", "https"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._factory: partial[Any] = partial(_Reader, loop=self._loop)  # there is no public way


class _Reader(ResponseHandler):
    """Reads a connection; breaks it off where interim answers have no end, or where one comes that nobody asked for.

    aiohttp reads the first on for ever, holding up the loop, as fast as they come. The second it keeps, and gives to
    whoever asks next by that connection, which may be somebody else with another key.
    """

    _interim = 0
    _is_awaited = False

    def set_response_params(self, **options: Any) -> None:
        """Begins to wait for the answer to a request that is about to be sent."""
        super().set_response_params(**options)
        self._is_awaited = True

    def feed_data(self, data: Any, size: int = 0) -> None:
        """Takes an answer's head and body; an interim one is of no use to who expects none."""
        code = data[0].code
        if not self._is_awaited:
            self._break_off("An answer that nobody asked for.")
        elif code < 100 or code > 199 or code == 101:
            self._interim, self._is_awaited = 0, False
            super().feed_data(data, size)
        else:
            self._interim += 1
            if self._interim == INTERIM_MAX:
                self._break_off("More interim answers than anybody needs.")

    def _break_off(self, why: str) -> None:
        if self.transport is not None:
            self.transport.abort()
            self.set_exception(HttpProcessingError(message=why))


_AddressInfo = tuple[int, int, int, str, tuple[object, ...]]


def _open_public_socket(address: _AddressInfo) -> socket.socket:
    """Opens a socket for an address about to be connected; the last moment at which it is known for sure."""
    family, kind, protocol, _, (host, *_) = address
    if not is_public(str(host)):
        raise PermissionError(errno.EACCES, REFUSAL)
    return socket.socket(family, kind, protocol)


class Lookups(AbstractResolver):
    """Looks names up in threads of their own; aiohttp's resolver takes those that the database is called in."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(LOOKUPS_MAX, "lookup")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Returns a host's first addresses, in the system's order. Raises OSError, UnicodeError."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, _find, host, port, family)

    async def close(self) -> None:
        """Does nothing: a session that is closed asks for no more names, and its threads end with it."""


def _find(host: str, port: int, family: int) -> list[ResolveResult]:
    found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
    return [
        ResolveResult(hostname=host, host=str(address[0]), port=port, family=kind, proto=protocol, flags=0)
        for kind, _, protocol, _, address in found[:ADDRESSES_MAX]
    ]
