"""The way out to addresses that others name: to the public internet and nowhere else (`decisions.md` 33)."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import httpcore
import httpx

LOOKUPS_MAX = 16
"""How many names are looked up at once, in threads of their own: a slow name server holds up no database call."""
ADDRESSES_MAX = 4
"""How many addresses of one name are tried, one after the other."""
REFUSAL = "a private address is not allowed here"

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


def guarded_client(*, allow_private: bool, seconds_max: float) -> httpx.AsyncClient:
    """Returns a client for addresses that others name; each step of a request has `seconds_max`.

    Names are looked up for each connection, which then goes to the very address that was found to be public:
    a name that changes its mind leads nowhere else. Redirects are not followed, proxies of the environment not
    used, cookies and compressed bodies not asked for. What leads to a private address raises httpx.ConnectError
    with REFUSAL in it. One slow host takes no connection away from another.
    """
    transport = httpx.AsyncHTTPTransport(
        trust_env=False, limits=httpx.Limits(max_connections=None, max_keepalive_connections=50, keepalive_expiry=4)
    )
    # httpx gives its pool no network of our choice, and there is no public way to.
    transport._pool._network_backend = GuardedNetwork(allow_private=allow_private)
    return httpx.AsyncClient(
        transport=transport,
        timeout=seconds_max,
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": "coinslot", "Accept-Encoding": "identity"},
    )


async def read_bounded(answer: httpx.Response, bytes_max: int) -> bytes | None:
    """Returns the body of an answer that is being streamed, as it was sent; None if it is longer than that."""
    body = bytearray()
    async for piece in answer.aiter_raw():
        body += piece
        if len(body) > bytes_max:
            return None
    return bytes(body)


Resolve = Callable[[str, int], Awaitable[list[str]]]


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Opens connections for httpx, to addresses that were just looked up and found to be public."""

    def __init__(
        self,
        *,
        allow_private: bool = False,
        resolve: Resolve | None = None,
        inner: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._allow_private = allow_private
        self._resolve = resolve or Lookups().find
        self._inner = inner or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connects to one of a host's addresses. Raises httpcore.ConnectError, httpcore.ConnectTimeout."""
        try:
            async with asyncio.timeout(timeout):
                found = await self._resolve(host, port)
        except TimeoutError:
            raise httpcore.ConnectTimeout(f"{host} could not be looked up in time") from None
        except OSError:
            raise httpcore.ConnectError(f"{host} could not be looked up") from None
        addresses = [address for address in found if self._allow_private or is_public(address)][:ADDRESSES_MAX]
        for number, address in enumerate(addresses, 1):
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if number == len(addresses):
                    raise
        raise httpcore.ConnectError(REFUSAL if found else f"{host} has no address")

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own signature
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises httpcore.ConnectError: nobody else names a file of ours."""
        raise httpcore.ConnectError(REFUSAL)

    async def sleep(self, seconds: float) -> None:
        """Waits."""
        await self._inner.sleep(seconds)


class Lookups:
    """Looks names up in threads of their own; those that ask for one name at once share its lookup."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(LOOKUPS_MAX, "lookup")
        self._running: dict[tuple[str, int], asyncio.Future[list[str]]] = {}

    async def find(self, host: str, port: int) -> list[str]:
        """Returns a host's addresses, in the system's order. Raises OSError."""
        running = self._running.get((host, port))
        if running is None:
            running = asyncio.get_running_loop().run_in_executor(self._threads, _addresses, host, port)
            self._running[host, port] = running
            running.add_done_callback(lambda done: self._end(host, port, done))
        return await asyncio.shield(running)

    def _end(self, host: str, port: int, done: "asyncio.Future[list[str]]") -> None:
        del self._running[host, port]
        if not done.cancelled():
            done.exception()  # whoever asked may have gone


def _addresses(host: str, port: int) -> list[str]:
    try:
        return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except UnicodeError:  # a label that no name may have
        raise OSError("no name that can be looked up") from None
