"""Why somebody could not be reached, in plain words: a program's names for it help nobody who reads a page."""

import errno
import socket
import ssl
from collections.abc import Iterator

import aiohttp
import httpx

REFUSAL = "a private address is not allowed here"
UNREACHABLE = (aiohttp.ClientError, OSError, ValueError, LookupError)
"""What a request ends with that got no answer; the last two where no HTTP request can carry its URL or headers."""

_NO_NAME = (socket.EAI_NONAME, socket.EAI_NODATA, socket.EAI_FAIL)
_NO_WAY = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL)
_NOT_REACHED = "{} could not be reached"
_KINDS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (ssl.SSLCertVerificationError, f"{_NOT_REACHED}: its certificate is not valid."),
    (ssl.SSLError, f"{_NOT_REACHED}: no secure connection (TLS) came about."),
    (ConnectionRefusedError, f"{_NOT_REACHED}: the connection was refused."),
    (aiohttp.ServerDisconnectedError, "{} closed the connection without an answer."),
    (aiohttp.ClientPayloadError, "{} broke off its answer."),
    (aiohttp.ClientResponseError, "{} gave an answer that is not HTTP."),
    (httpx.RemoteProtocolError, "{} gave no answer, or none that is HTTP."),
    (httpx.DecodingError, "{} gave an answer that cannot be read."),
    ((TimeoutError, httpx.TimeoutException), "{} did not answer in time."),
    ((ConnectionResetError, BrokenPipeError, ConnectionAbortedError, httpx.ReadError, httpx.WriteError),
     "{} broke off the connection."),
    ((aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, httpx.InvalidURL, httpx.UnsupportedProtocol),
     f"{_NOT_REACHED}: its address is not one of the web."),
    ((ValueError, LookupError), f"{_NOT_REACHED}: its address or a header cannot be sent."),
)  # fmt: skip
"""What is said of each kind of failure, the first one that fits; none repeats what the far side or a resolver wrote."""


def why_unreachable(error: BaseException, who: str = "The endpoint") -> str:
    """Says in one sentence why somebody could not be reached, without anything that they or a resolver wrote.

    Clients wrap what happened in errors of their own; what stands behind one of them counts as much as itself.
    """
    found = list(_behind(error))
    if any(REFUSAL in str(one) for one in found):
        return f"{who} has a private address, which is not allowed here."
    for one in found:
        if isinstance(one, OSError) and (said := _of_system(one)):
            return said.format(who)
    for kind, said in _KINDS:
        if any(isinstance(one, kind) for one in found):
            return said.format(who)
    return f"{_NOT_REACHED.format(who)}."


def _of_system(error: OSError) -> str:
    """Returns what is said of an error of the system that only its number tells; empty for any other."""
    if isinstance(error, socket.gaierror):
        return f"{_NOT_REACHED}: its name {'does not exist' if error.errno in _NO_NAME else 'could not be looked up'}."
    return f"{_NOT_REACHED}: there is no way to its network." if error.errno in _NO_WAY else ""


def _behind(error: BaseException) -> Iterator[BaseException]:
    """Yields an error, and what stands behind it, each once."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop(0)
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = one.os_error if isinstance(one, aiohttp.ClientConnectorError) else None
        waiting += [inner, one.__cause__, one.__context__]
        waiting += one.exceptions if isinstance(one, BaseExceptionGroup) else []
