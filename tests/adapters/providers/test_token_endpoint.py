"""A token endpoint is asked once, by a form; what it says is believed only if it is a token, and never passed on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.adapters.providers.token_endpoint import TokenEndpoint
from app.domain.errors import ProviderFailed
from app.ports.providers import Tokens
from tests.support.endpoints import serving

SPENT = "refresh-spent-0123"


@asynccontextmanager
async def endpoint(answer: bytes, heard: list[bytes], status: str = "200 OK", more: str = "") -> AsyncIterator[str]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
        heard.append(head + await reader.readexactly(length))
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(answer)}\r\n{more}\r\n".encode() + answer)
        await writer.drain()

    async with serving(serve) as port:
        yield f"http://127.0.0.1:{port}/token"


async def ask(url: str, client_id: str = "us", *, allow_private: bool = True, seconds: float = 30) -> Tokens:
    asked = TokenEndpoint(allow_private=allow_private, seconds_max=seconds)
    try:
        return await asked.refresh(url, client_id, SPENT)
    finally:
        await asked.close()


async def test_a_refresh_token_is_exchanged_by_a_form() -> None:
    heard: list[bytes] = []
    async with endpoint(b'{"access_token":"at","refresh_token":"rt","expires_in":1800}', heard) as url:
        assert await ask(url) == Tokens("at", "rt", 1_800)
    head, _, form = heard[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /token ") and b"user-agent: coinslot" in head.lower()
    assert set(form.split(b"&")) == {b"grant_type=refresh_token", b"refresh_token=" + SPENT.encode(), b"client_id=us"}
    async with endpoint(b'{"access_token":"at"}', heard) as url:
        assert await ask(url, "") == Tokens("at", None, None)
    assert b"client_id" not in heard[1]


@pytest.mark.parametrize(
    "answer",
    [b"", b"no", b"[]", b"{}", b'{"access_token":1}', b'{"access_token":""}', b'{"access_token":"a b"}',
     b'{"access_token":"a\\r\\nX: 1"}', b'{"access_token":"at","refresh_token":7}', b"[" * 5_000,
     b'{"access_token":"' + b"a" * 70_000 + b'"}'],
)  # fmt: skip
async def test_what_is_no_token_is_never_one(answer: bytes) -> None:
    async with endpoint(answer, []) as url:
        with pytest.raises(ProviderFailed) as failed:
            await ask(url)
    assert failed.value.status == 200 and SPENT not in failed.value.message


@pytest.mark.parametrize("life", [b"0", b"-1", b"true", b'"3600"', b"1e99", b"999999999999"])
async def test_a_life_that_cannot_be_is_none(life: bytes) -> None:
    async with endpoint(b'{"access_token":"at","expires_in":' + life + b"}", []) as url:
        assert (await ask(url)).seconds is None


async def test_refusals_redirects_and_silence_are_told_apart() -> None:
    heard: list[bytes] = []
    said = b'{"error":"invalid_grant","error_description":"' + SPENT.encode() + b'"}'
    async with endpoint(said, [], "400 Bad Request") as url:
        with pytest.raises(ProviderFailed) as refused:
            await ask(url)
    assert refused.value.status == 400 and refused.value.body is None and SPENT not in refused.value.message
    async with endpoint(b"{}", heard) as there, endpoint(b"", [], "307 Moved", f"Location: {there}\r\n") as url:
        with pytest.raises(ProviderFailed) as moved:
            await ask(url)
    assert moved.value.status == 307 and heard == []
    with pytest.raises(ProviderFailed) as away:
        await ask("http://127.0.0.1:9/token")
    assert away.value.status is None and not away.value.timed_out, "nobody can have used it up"

    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)

    async with serving(silent) as port:
        with pytest.raises(ProviderFailed) as late:
            await ask(f"http://127.0.0.1:{port}/token", seconds=0.3)
    assert late.value.timed_out

    async def broken(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    async with serving(broken) as port:
        with pytest.raises(ProviderFailed) as cut:
            await ask(f"http://127.0.0.1:{port}/token")
    assert cut.value.timed_out, "it may have been used up all the same"


async def test_a_private_address_is_refused() -> None:
    heard: list[bytes] = []
    async with endpoint(b'{"access_token":"at"}', heard) as url:
        with pytest.raises(ProviderFailed):
            await ask(url, allow_private=False)
    assert heard == []
