"""How long an upstream may be silent: before the first byte of its answer, and in the middle."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from app.adapters.providers.openai import OpenAIProvider
from app.domain.errors import ProviderFailed
from app.ports.providers import ProviderTarget
from tests.support.endpoints import pieces_of, serving

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
Say = Callable[..., Awaitable[str]]


@pytest.fixture
async def say() -> AsyncIterator[Say]:
    """Starts an upstream that says bytes and pauses for seconds in turn; returns its URL."""
    async with AsyncExitStack() as servers:

        async def start(*said: bytes | float) -> str:
            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await reader.readuntil(b"\r\n\r\n")
                for what in said:
                    if isinstance(what, bytes):
                        writer.write(what)
                        await writer.drain()
                    else:
                        await asyncio.sleep(what)

            return f"http://127.0.0.1:{await servers.enter_async_context(serving(serve))}/v1"

        yield start


async def _read(url: str, *, first_byte: float, silence: float) -> bytes:
    provider = OpenAIProvider(allow_private=True, first_byte_seconds_max=first_byte, silence_seconds_max=silence)
    try:
        answer = await provider.send(ProviderTarget("slow", url, None), b"{}")
        return b"".join([piece async for piece in pieces_of(answer)])
    finally:
        await provider.close()


@pytest.mark.unhurried
@pytest.mark.parametrize("said", [(HEAD, 0.6, b"a"), (0.2, HEAD, 0.5, b"a"), (HEAD, 0.5, b"a", 0.05, b"b", 0.05, b"c")])
async def test_the_first_byte_of_a_body_may_take_as_long_as_an_answer_may_take_to_begin(
    say: Say, said: tuple[bytes | float, ...]
) -> None:
    assert (await _read(await say(*said), first_byte=5, silence=0.2)).startswith(b"a")


@pytest.mark.parametrize("said", [(HEAD, b"a", 3.0), (HEAD, 0.3, b": comment\n\n", 3.0), (HEAD, b"a", 0.05, b"b", 3.0)])
async def test_behind_the_first_byte_a_silence_is_cut_sooner(say: Say, said: tuple[bytes | float, ...]) -> None:
    async with asyncio.timeout(2):
        with pytest.raises(ProviderFailed, match="fell silent") as failed:
            await _read(await say(*said), first_byte=10, silence=0.2)
    assert failed.value.timed_out


@pytest.mark.unhurried
@pytest.mark.parametrize("said", [(HEAD, 3.0), (0.2, HEAD, 3.0), (HEAD[:-2], 3.0)])
async def test_a_first_byte_that_does_not_come_is_cut_in_time(say: Say, said: tuple[bytes | float, ...]) -> None:
    async with asyncio.timeout(2):
        with pytest.raises(ProviderFailed) as failed:
            await _read(await say(*said), first_byte=0.4, silence=60)
    assert failed.value.timed_out
