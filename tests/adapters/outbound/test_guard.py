"""Which addresses are public, and that connections for others go there and nowhere else."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.outbound.guard import (
    ADDRESSES_MAX,
    guarded_session,
    is_public,
    read_bounded,
)
from app.adapters.outbound.unreachable import REFUSAL
from tests.support.endpoints import PUBLIC, Names, serving

MADE_UP = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nmade up"


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "104.18.6.192", "2606:4700::6812:6c0", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.0.9",
        "0.0.0.0",  # noqa: S104
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "192.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fec0::1",
        "ff0e::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::7f00:1",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
        "2001:0:7f00:1::",
        "2001:db8::1",
        "",
        "localhost",
        "127.1",
    ],
)
def test_everything_else_is_not(address: str) -> None:
    assert not is_public(address)


@given(st.ip_addresses(network="10.0.0.0/8"))
def test_no_spelling_of_a_private_address_is_public(address: object) -> None:
    assert not is_public(f"::ffff:{address}")


@pytest.mark.unhurried
@given(st.text())
def test_what_is_no_address_is_not_public(text: str) -> None:
    assert isinstance(is_public(text), bool)


BIG = b"x" * 1_000_000


@dataclass
class Site:
    """A site on loopback: `/` is BIG, `/zipped` comes so, all else leads to `/` and sets a cookie."""

    port: int = 0
    heads: list[bytes] = field(default_factory=list)
    connections: int = 0

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while True:
            self.heads.append((await reader.readuntil(b"\r\n\r\n")).lower())
            writer.write(await self._answer(self.heads[-1].split()[1]))
            await writer.drain()

    async def _answer(self, path: bytes) -> bytes:
        if path == b"/never":
            await asyncio.sleep(60)
        body, more, status = b"", b"Location: /\r\nSet-Cookie: a=b\r\n", b"302 Found"
        if path in (b"/", b"/zipped"):
            body, more, status = BIG, b"", b"200 OK"
        if path == b"/zipped":
            body, more = gzip.compress(body, mtime=0), b"Content-Encoding: gzip\r\n"
        return b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n" % (status, more, len(body)) + body


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site()
    async with serving(made.serve) as made.port:
        yield made


@pytest.fixture
async def guarded() -> AsyncIterator[aiohttp.ClientSession]:
    async with guarded_session(allow_private=False) as session:
        yield session


@pytest.fixture
async def unguarded() -> AsyncIterator[aiohttp.ClientSession]:
    async with guarded_session(allow_private=True) as session:
        yield session


async def fetch(session: aiohttp.ClientSession, url: str, bytes_max: int = len(BIG)) -> bytes | None:
    async with session.get(url, allow_redirects=False) as answer:
        return await read_bounded(answer, bytes_max)


HOSTS = ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "0x7f000001", "2130706433", "127.1"]  # noqa: S104


@pytest.mark.parametrize("host", HOSTS)
async def test_a_private_address_is_refused_whatever_it_is_called(
    site: Site, guarded: aiohttp.ClientSession, host: str
) -> None:
    is_refused_as_url = host in ("2130706433", "127.1")  # aiohttp's own refusal of old spellings
    with pytest.raises(aiohttp.ClientError, match=None if is_refused_as_url else REFUSAL):
        await fetch(guarded, site.url(host=host))
    assert site.connections == 0


async def test_a_private_address_is_reached_where_that_is_allowed(site: Site, unguarded: aiohttp.ClientSession) -> None:
    assert await fetch(unguarded, site.url(host="localhost"))


async def test_of_a_name_with_both_only_the_public_addresses_are_tried(
    guarded: aiohttp.ClientSession, names: Names, public_and_private: dict[str, int]
) -> None:
    names.lead("app.example", "127.0.0.1", "10.0.0.1", PUBLIC)
    assert await fetch(guarded, f"http://app.example:{public_and_private['port']}/") == b'{"message": "ok"}'
    assert public_and_private[PUBLIC] == 1 and public_and_private["127.0.0.1"] == 0


async def test_of_a_name_with_very_many_addresses_a_few_are_tried(
    site: Site, unguarded: aiohttp.ClientSession, names: Names
) -> None:
    nobody = [f"127.0.1.{number}" for number in range(ADDRESSES_MAX)]
    names.lead("many.example", *nobody, "127.0.0.1")
    with pytest.raises(aiohttp.ClientConnectorError):
        await fetch(unguarded, site.url(host="many.example"))
    names.lead("few.example", *nobody[1:], "127.0.0.1")
    assert await fetch(unguarded, site.url(host="few.example"))
    assert site.connections == 1


URLS = ["unix:///run/docker.sock", "http+unix://%2Frun%2Fdocker.sock/", "file:///etc/passwd", "ws://{}", "tcp://{}"]


@pytest.mark.parametrize("url", URLS)
async def test_nothing_but_http_is_spoken(site: Site, unguarded: aiohttp.ClientSession, url: str) -> None:
    with pytest.raises(aiohttp.NonHttpUrlClientError):
        await fetch(unguarded, url.format(f"127.0.0.1:{site.port}/"))
    assert site.connections == 0


async def test_nothing_of_the_environment_is_used(site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, site.url())
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ada password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    async with guarded_session(allow_private=True) as session:
        with pytest.raises(aiohttp.ClientConnectorDNSError):
            await fetch(session, "http://no-such-host.invalid/")
        await fetch(session, site.url())
    assert site.connections == 1
    assert b"authorization" not in site.heads[0]


async def test_no_cookie_is_kept(site: Site, unguarded: aiohttp.ClientSession) -> None:
    for _ in range(2):
        await fetch(unguarded, site.url("/elsewhere", host="localhost"))
    assert len(site.heads) == 2
    assert not any(b"\r\ncookie:" in head for head in site.heads)


async def test_an_answer_is_neither_asked_for_compressed_nor_inflated(
    site: Site, unguarded: aiohttp.ClientSession
) -> None:
    assert await fetch(unguarded, site.url("/zipped"), 10_000) == gzip.compress(BIG, mtime=0)
    assert b"\r\naccept-encoding: identity\r\n" in site.heads[0]


async def test_an_answer_is_read_as_far_as_it_may_go_and_more_costs_its_connection(
    site: Site, unguarded: aiohttp.ClientSession
) -> None:
    assert await fetch(unguarded, site.url(), len(BIG)) == BIG
    assert await fetch(unguarded, site.url(), len(BIG) // 2) is None
    assert site.connections == 1
    async with unguarded.get(site.url()) as answer:  # which nobody reads
        assert answer.status == 200
    assert await fetch(unguarded, site.url("/elsewhere")) == b""
    assert site.connections == 3


@pytest.mark.unhurried
async def test_a_connection_is_used_again_but_not_after_four_seconds(
    site: Site, unguarded: aiohttp.ClientSession
) -> None:
    for _ in range(2):
        await fetch(unguarded, site.url())
    assert site.connections == 1
    await asyncio.sleep(4.1)
    await fetch(unguarded, site.url())
    assert site.connections == 2


@pytest.mark.unhurried
async def test_an_answer_that_nobody_asked_for_is_given_to_nobody() -> None:
    """Whoever asks next by that connection may be somebody else, with another key."""
    goes_on, is_broken_off = asyncio.Event(), asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nto" if b" /a " in head else MADE_UP)
        if b" /a " in head:
            await goes_on.wait()
            writer.write(MADE_UP)
            with suppress(ConnectionError):
                assert await reader.read(1) == b"", "no other request comes by this connection"
            is_broken_off.set()

    async with serving(answer) as port, guarded_session(allow_private=True, idle_seconds_max=600) as session:
        for path, said in (("a", b"to"), ("b", b"made up")):
            async with session.get(f"http://127.0.0.1:{port}/{path}") as found:
                assert await read_bounded(found, 99) == said
            goes_on.set()
            await is_broken_off.wait()


async def test_a_host_that_hangs_takes_no_connection_from_another(site: Site, unguarded: aiohttp.ClientSession) -> None:
    hanging = [asyncio.create_task(fetch(unguarded, site.url("/never"))) for _ in range(120)]
    async with asyncio.timeout(60):
        while len(site.heads) < 120:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)
        assert await fetch(unguarded, site.url(host="localhost"))
    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)
