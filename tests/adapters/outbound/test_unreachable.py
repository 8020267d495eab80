"""Why somebody could not be reached is said in plain words, and with nothing that they or a resolver wrote."""

import asyncio
import errno
import socket
import ssl
from collections.abc import AsyncIterator

import aiohttp
import httpx
import pytest
from aiohttp.client_reqrep import ConnectionKey
from yarl import URL

from app.adapters.outbound.guard import guarded_session
from app.adapters.outbound.unreachable import REFUSAL, UNREACHABLE, why_unreachable
from tests.support.endpoints import serving

SECRET = "secret-of-a-resolver"
CONNECTION = ConnectionKey("a.example", 443, True, True, None, None, None)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with guarded_session(allow_private=True) as session:
        yield session


async def why(session: aiohttp.ClientSession, url: str, headers: dict[str, str] | None = None) -> str:
    """Returns what is said of a request that must fail."""
    with pytest.raises(UNREACHABLE) as raised:
        async with session.get(url, headers=headers) as answer:
            await answer.read()
    return why_unreachable(raised.value)


def cause(outer: Exception, inner: BaseException) -> Exception:
    """Returns an error as a client raises it: with what it came from behind it."""
    outer.__cause__ = inner
    return outer


async def test_a_refused_connection(session: aiohttp.ClientSession) -> None:
    with socket.socket() as bound:  # nobody listens at it, and nobody else can
        bound.bind(("127.0.0.1", 0))
        assert await why(session, f"http://127.0.0.1:{bound.getsockname()[1]}/") == (
            "The endpoint could not be reached: the connection was refused."
        )


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b"", "The endpoint closed the connection without an answer."),
        (b"what\r\n\r\n", "The endpoint gave an answer that is not HTTP."),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour", "The endpoint broke off its answer."),
    ],
)
async def test_what_an_endpoint_does_with_a_connection(
    session: aiohttp.ClientSession, written: bytes, said: str
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(written)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with serving(serve) as port:
        assert await why(session, f"http://127.0.0.1:{port}/") == said


async def test_plain_http_where_tls_is_asked_for(session: aiohttp.ClientSession) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(16)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    async with serving(serve) as port:
        assert await why(session, f"https://127.0.0.1:{port}/") == (
            "The endpoint could not be reached: no secure connection (TLS) came about."
        )


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999/", "http://[::1/", "ftp://127.0.0.1/", "not an address"])
async def test_what_is_no_address(session: aiohttp.ClientSession, url: str) -> None:
    assert await why(session, url) == "The endpoint could not be reached: its address is not one of the web."


async def test_what_cannot_be_sent(session: aiohttp.ClientSession) -> None:
    said = "The endpoint could not be reached: its address or a header cannot be sent."
    assert await why(session, "http://[]@/") == await why(session, "http://a..b/") == said

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(listen) as port:
        assert await why(session, f"http://127.0.0.1:{port}/", {"X": "of\r\ntwo: lines"}) == said


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (socket.gaierror(socket.EAI_NONAME, SECRET), "could not be reached: its name does not exist."),
        (socket.gaierror(socket.EAI_AGAIN, SECRET), "could not be reached: its name could not be looked up."),
        (ssl.SSLCertVerificationError(1, SECRET), "could not be reached: its certificate is not valid."),
        (ssl.SSLError(1, SECRET), "could not be reached: no secure connection (TLS) came about."),
        (ConnectionResetError(errno.ECONNRESET, SECRET), "broke off the connection."),
        (BrokenPipeError(errno.EPIPE, SECRET), "broke off the connection."),
        (OSError(errno.ENETUNREACH, SECRET), "could not be reached: there is no way to its network."),
        (OSError(errno.EHOSTUNREACH, SECRET), "could not be reached: there is no way to its network."),
        (TimeoutError(errno.ETIMEDOUT, SECRET), "did not answer in time."),
        (UnicodeError(SECRET), "could not be reached: its address or a header cannot be sent."),
        (OSError(SECRET), "could not be reached."),
        (aiohttp.ClientError(SECRET), "could not be reached."),
        (OSError(errno.EACCES, f"{SECRET}; {REFUSAL}"), "has a private address, which is not allowed here."),
    ],
)
@pytest.mark.parametrize("wrapped", ["alone", "by aiohttp", "by httpx", "by several attempts"])
def test_every_kind_has_its_words_whoever_wraps_it(error: Exception, said: str, wrapped: str) -> None:
    if wrapped == "by httpx":
        error = cause(httpx.ConnectError(SECRET), cause(OSError(SECRET), error))
    elif wrapped == "by several attempts":
        error = cause(httpx.ConnectError(SECRET), ExceptionGroup(SECRET, [OSError(SECRET), error]))
    elif wrapped == "by aiohttp" and isinstance(error, OSError):
        error = aiohttp.ClientConnectorError(CONNECTION, error)
    assert why_unreachable(error, "Somebody") == f"Somebody {said}"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (httpx.ReadTimeout(SECRET), "Somebody did not answer in time."),
        (httpx.RemoteProtocolError(SECRET), "Somebody gave no answer, or none that is HTTP."),
        (httpx.ReadError(SECRET), "Somebody broke off the connection."),
        (httpx.DecodingError(SECRET), "Somebody gave an answer that cannot be read."),
        (httpx.UnsupportedProtocol(SECRET), "Somebody could not be reached: its address is not one of the web."),
        (httpx.InvalidURL(SECRET), "Somebody could not be reached: its address is not one of the web."),
        (aiohttp.InvalidURL(URL("http://a.example"), SECRET),
         "Somebody could not be reached: its address is not one of the web."),
    ],
)  # fmt: skip
def test_what_clients_say_themselves(error: Exception, said: str) -> None:
    assert why_unreachable(error, "Somebody") == said
