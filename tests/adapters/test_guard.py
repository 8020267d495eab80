"""Which addresses are public, and that connections for others go there and nowhere else."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterable

import httpcore
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.guard import (
    REFUSAL,
    GuardedNetwork,
    Lookups,
    Resolve,
    guarded_client,
    is_public,
    read_bounded,
)


@pytest.mark.parametrize("address", ["1.1.1.1", "104.18.6.192", "2606:4700::6812:6c0", "::ffff:8.8.8.8"])
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


@given(st.text())
def test_what_is_no_address_is_not_public(text: str) -> None:
    assert isinstance(is_public(text), bool)


class RecordingNetwork(httpcore.AsyncNetworkBackend):
    """Says which addresses it was asked to connect to, and refuses those that `fails` names."""

    def __init__(self, *fails: str) -> None:
        self.asked: list[str] = []
        self.fails = fails

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.asked.append(host)
        if host in self.fails:
            raise httpcore.ConnectError("refused")
        return httpcore.AsyncMockStream([])


def answers(*said: list[str]) -> Resolve:
    """A name server that says something else each time."""
    left = iter(said)

    async def resolve(_host: str, _port: int) -> list[str]:
        return next(left)

    return resolve


async def test_a_connection_goes_to_the_very_address_that_was_looked_up() -> None:
    inner = RecordingNetwork()
    network = GuardedNetwork(resolve=answers(["93.184.215.14"], ["127.0.0.1"]), inner=inner)
    await network.connect_tcp("app.example", 443)
    with pytest.raises(httpcore.ConnectError, match=REFUSAL):
        await network.connect_tcp("app.example", 443)
    assert inner.asked == ["93.184.215.14"]


async def test_of_a_name_with_both_only_the_public_addresses_are_tried() -> None:
    inner = RecordingNetwork("1.1.1.1")
    network = GuardedNetwork(resolve=answers(["10.0.0.1", "1.1.1.1", "::1", "1.0.0.1"], ["1.1.1.1"]), inner=inner)
    await network.connect_tcp("app.example", 443)
    assert inner.asked == ["1.1.1.1", "1.0.0.1"]
    with pytest.raises(httpcore.ConnectError, match="refused"):
        await network.connect_tcp("app.example", 443)


async def test_no_file_of_ours_is_connected_to() -> None:
    with pytest.raises(httpcore.ConnectError):
        await GuardedNetwork(allow_private=True).connect_unix_socket("/run/docker.sock")


async def test_a_name_that_is_looked_up_for_too_long_is_a_timeout() -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        await asyncio.sleep(30)
        return []

    with pytest.raises(httpcore.ConnectTimeout):
        await GuardedNetwork(resolve=resolve).connect_tcp("slow.example", 443, timeout=0.05)


async def test_those_who_ask_for_one_name_at_once_share_its_lookup(monkeypatch: pytest.MonkeyPatch) -> None:
    lookups, asked, go_on = Lookups(), [], threading.Event()

    def slow(host: str, _port: int, **_more: object) -> list[tuple[object, ...]]:
        asked.append(host)
        go_on.wait(10)
        return [(0, 0, 0, "", ("1.1.1.1", 443))]

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    finding = [asyncio.create_task(lookups.find("slow.example", 443)) for _ in range(100)]
    await asyncio.sleep(0.05)
    finding[0].cancel()
    go_on.set()
    found = await asyncio.gather(*finding, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert found[1:] == [["1.1.1.1"]] * 99
    assert asked == ["slow.example"]


@pytest.fixture
async def site() -> AsyncIterator[int]:
    """The port of a site whose every path leads to /; / is a page of 100,000 bytes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"GET / "):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000)
        else:
            writer.write(b"HTTP/1.1 302 Found\r\nLocation: /\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"])  # noqa: S104
async def test_a_guarded_client_refuses_private_addresses_whatever_they_are_called(site: int, host: str) -> None:
    async with guarded_client(allow_private=False, seconds_max=2) as client:
        with pytest.raises(httpx.ConnectError, match=REFUSAL):
            await client.get(f"http://{host}:{site}/")


async def test_a_guarded_client_uses_no_proxy_of_the_environment(site: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{site}")
    async with guarded_client(allow_private=False, seconds_max=2) as client:
        with pytest.raises(httpx.ConnectError, match="looked up"):
            await client.get("http://no-such-host.invalid/")


async def test_a_guarded_client_follows_no_redirect(site: int) -> None:
    async with guarded_client(allow_private=True, seconds_max=2) as client:
        assert (await client.get(f"http://127.0.0.1:{site}/elsewhere")).status_code == 302


async def test_an_answer_is_read_as_far_as_it_may_go(site: int) -> None:
    async with guarded_client(allow_private=True, seconds_max=2) as client:
        for bytes_max, size in ((100_000, 100_000), (99_999, None)):
            async with client.stream("GET", f"http://127.0.0.1:{site}/") as answer:
                body = await read_bounded(answer, bytes_max)
            assert (None if body is None else len(body)) == size
