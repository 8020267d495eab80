"""Hosts that answer for ever: each is left in time, and nothing of what they send is gathered meanwhile."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest

from app.adapters.providers.openai import MODELS_BYTES_MAX, MODELS_MAX, MODELS_VALUES_MAX, OpenAIProvider
from app.domain.errors import ProviderFailed
from app.flows.chat.upstream import read_whole
from app.ports.providers import ProviderTarget
from tests.support.endpoints import serving

Say = Callable[[asyncio.StreamWriter], Awaitable[None]]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
PAUSE_SECONDS = 0.02


async def drip(writer: asyncio.StreamWriter, first: bytes, again: bytes) -> None:
    """Says one thing, and then another again and again, so that it is never silent."""
    writer.write(first)
    while not writer.transport.is_closing():
        writer.write(again)
        await writer.drain()
        await asyncio.sleep(PAUSE_SECONDS)


async def ask(say: Say, *, first_byte: float, answer: float) -> tuple[bytes | ProviderFailed, float]:
    """Asks a host, and reads all that it says; returns that, or why not, and how long it took."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await say(writer)

    provider = OpenAIProvider(
        allow_private=True, first_byte_seconds_max=first_byte, silence_seconds_max=0.5, answer_seconds_max=answer
    )
    loop = asyncio.get_running_loop()
    begun = loop.time()
    async with serving(serve) as port:
        try:
            answering = await provider.send(ProviderTarget("hostile", f"http://127.0.0.1:{port}/v1", None), b"{}")
            found: bytes | ProviderFailed = await read_whole(answering)
        except ProviderFailed as failure:
            found = failure
        finally:
            took = loop.time() - begun
            await provider.close()
    return found, took


@pytest.mark.parametrize(
    ("first", "again"),
    [(b"HTTP/1.1 200 OK\r\nX-A: ", b"a"), (b"HTTP/1.1 200 OK\r\n", b"X-A: a\r\n"), (b"H", b"")],
    ids=["a header without an end", "headers without an end", "nothing"],
)
async def test_a_head_that_never_ends_is_left_when_its_time_is_over(first: bytes, again: bytes) -> None:
    found, took = await ask(lambda writer: drip(writer, first, again), first_byte=0.4, answer=60)
    assert isinstance(found, ProviderFailed) and took < 20
    assert found.timed_out or "gave an answer that is not HTTP" in found.message


@pytest.mark.parametrize(
    "again", [b"1\r\n:\r\n", b"3\r\n:\n\n\r\n", b"6\r\ndata: \r\n"], ids=["bytes", "comments", "data"]
)
async def test_a_body_that_drips_for_ever_is_left_when_its_time_is_over(again: bytes) -> None:
    found, took = await ask(lambda writer: drip(writer, HEAD, again), first_byte=5, answer=0.6)
    assert isinstance(found, ProviderFailed) and found.timed_out and took < 20
    assert "did not come to an end in time" in found.message


async def test_a_chunk_that_is_said_to_be_huge_is_read_as_it_comes() -> None:
    found, _ = await ask(lambda writer: drip(writer, HEAD + b"FFFFFFFFFF\r\n", b" "), first_byte=5, answer=0.6)
    assert isinstance(found, ProviderFailed) and found.timed_out


async def test_interim_answers_without_an_end_are_left_at_once() -> None:
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"
    found, took = await ask(lambda writer: drip(writer, hint, hint * 1_000), first_byte=3, answer=60)
    assert isinstance(found, ProviderFailed) and not found.timed_out and took < 3
    assert found.message.endswith(" gave an answer that is not HTTP.")


async def test_an_answer_may_have_interim_ones_before_it() -> None:
    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()

    found, _ = await ask(say, first_byte=3, answer=60)
    assert found == b"{}"


async def list_from(say: Say, seconds_max: float = 0.6) -> tuple[list[str] | ProviderFailed, int]:
    """Has a host list its models; returns them, or why not, and how often it was asked."""
    asked = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        while await reader.readuntil(b"\r\n\r\n"):
            asked += 1
            await say(writer)

    provider = OpenAIProvider(allow_private=True, list_seconds_max=seconds_max)
    async with serving(serve) as port:
        try:
            target = ProviderTarget("hostile", f"http://127.0.0.1:{port}/v1", "sk-0123456789")
            return await provider.list_models(target), asked
        except ProviderFailed as failure:
            return failure, asked
        finally:
            await provider.close()


async def test_a_list_of_models_without_an_end_is_left() -> None:
    body = json.dumps({"has_more": True, "last_id": "m", "data": [{"id": f"m{at}"} for at in range(3_000)]}).encode()

    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()

    found, asked = await list_from(say)
    assert isinstance(found, list) and (len(found), asked) == (MODELS_MAX, 2)


async def test_a_list_of_models_that_drips_is_left_when_its_time_is_over() -> None:
    found, _ = await list_from(lambda writer: drip(writer, HEAD, b"1\r\n \r\n"))
    assert isinstance(found, ProviderFailed) and found.timed_out


@pytest.mark.parametrize(
    ("beside", "asked_max"), [("0," * MODELS_VALUES_MAX, 1), ('"%s",' % ("a" * (MODELS_BYTES_MAX // 2)), 2)]
)
async def test_a_list_of_models_is_no_more_than_can_be_read_at_once(beside: str, asked_max: int) -> None:
    body = b'{"has_more": true, "last_id": "m", "data": [{"id": "m"}], "beside": [' + beside.encode() + b"0]}"

    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()

    found, asked = await list_from(say, seconds_max=60)
    assert isinstance(found, ProviderFailed) and "no list of models" in found.message and asked <= asked_max
