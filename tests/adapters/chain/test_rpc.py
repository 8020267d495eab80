"""What a node may answer, and what is made of it: an answer, a no, or nothing; and never its URL in a log."""

import httpx
import pytest

from app.adapters.chain.rpc import Node
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
        said(error={"code": -32_005, "message": "limit exceeded"}),
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
