"""What a node may answer, and what is made of it: an answer, a no, or nothing; and never its URL in a log."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from app.adapters.chain.rpc import Node, is_range_error, provider_of
from app.ports.chain.values import ChainRefused, ChainUnavailable

URL = "http://node.test/v2/a-secret-key"


async def ask(answer: httpx.Response | Exception) -> object:
    asked = 0

    def handle(_request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        if isinstance(answer, Exception):
            raise answer
        return answer

    async with httpx.AsyncClient(transport=httpx.MockTransport(handle)) as client:
        try:
            return await Node(URL, client).ask("eth_sendRawTransaction", "0x")
        finally:
            assert asked == 1, "nothing is sent twice by itself"


def said(**parts: object) -> httpx.Response:
    return httpx.Response(200, json={"jsonrpc": "2.0", "id": 1, **parts})


async def test_an_answer_is_handed_on_even_if_it_is_nothing() -> None:
    assert await ask(said(result="0x1")) == "0x1"
    assert await ask(said(result=None)) is None


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.Response(502, text="<html>"),
        httpx.Response(200, text=""),
        httpx.Response(200, json=[]),
        httpx.Response(429, json={"error": "slow down"}),
        httpx.Response(200, json={"jsonrpc": "2.0", "id": 2, "result": "0x1"}),
        said(),
        said(error={"code": -32_005, "message": "daily request limit exceeded"}),
        httpx.Response(200, content=b"[" * 50_000),
    ],
)
async def test_whatever_is_no_answer_concludes_nothing(answer: httpx.Response | Exception) -> None:
    with pytest.raises(ChainUnavailable) as raised:
        await ask(answer)
    assert "secret" not in raised.value.message
    assert "node.test" in raised.value.message


@pytest.mark.parametrize("error", [{"code": 3, "message": "execution reverted"}, "nonce too low"])
async def test_a_no_is_an_answer(error: object) -> None:
    with pytest.raises(ChainRefused, match=r"execution reverted|nonce too low"):
        await ask(said(error=error))
    with pytest.raises(ChainRefused, match="more than 10000 results"):
        await ask(said(error={"code": -32_005, "message": "query returned more than 10000 results"}))


@pytest.mark.parametrize(
    ("message", "is_one"),
    [
        ("query returned more than 10000 results", True),
        ("block range is too wide", True),
        ("Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range", True),
        ("eth_getLogs is limited to 1000 blocks", True),
        ("request rate exceeded", False),
        ("method not allowed", False),
        ("header not found", False),
    ],
)
def test_only_a_range_that_is_too_long_is_asked_for_in_halves(message: str, is_one: bool) -> None:
    assert is_range_error(message) is is_one


@pytest.mark.parametrize(
    ("url", "provider"),
    [
        ("https://polygon.example.com/v2/key", "example.com"),
        ("https://user:word@eu.polygon.example.com/", "example.com"),
        ("http://127.0.0.1:8545", "127.0.0.1:8545"),
        ("http://[::1]:8545", "::1:8545"),
        ("http://node:1", "node:1"),
    ],
)
def test_two_nodes_of_one_provider_are_one(url: str, provider: str) -> None:
    assert provider_of(url) == provider


async def test_a_node_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.adapters.chain.rpc.SECONDS_MAX", 0.2)

    async def drip() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.01)

    with pytest.raises(ChainUnavailable, match="TimeoutError"):
        await ask(httpx.Response(200, content=drip()))


async def test_an_answer_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.adapters.chain.rpc.ANSWER_BYTES_MAX", 1_000)
    with pytest.raises(ChainUnavailable):
        await ask(httpx.Response(200, content=b" " * 2_000))
