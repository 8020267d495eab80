"""The adapter for OpenAI-compatible upstreams, against the emulated one in its own process."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from app.adapters.providers.openai import OpenAIProvider
from app.adapters.providers.openai_answer import OpenAIAnswer
from app.domain.errors import ProviderFailed
from app.ports.providers import ChatProvider, ProviderAnswer, ProviderTarget
from tests.emulators.upstream import PACED, RunningUpstream
from tests.emulators.upstream_behaviours import BEHAVIOURS, BIG_BYTES
from tests.emulators.upstream_quotes import QUOTES
from tests.support.endpoints import PUBLIC, Speak, pieces_of
from tests.support.spec import check_answer, check_chunk

KEY = "sk-emulator-0123456789abcdef"


@pytest.fixture
async def provider() -> AsyncIterator[ChatProvider]:
    """Waits for longer than a busy machine is away."""
    made = OpenAIProvider(allow_private=True, first_byte_seconds_max=10, silence_seconds_max=10)
    yield made
    await made.close()


@pytest.fixture
async def hasty() -> AsyncIterator[ChatProvider]:
    """Waits for a moment only, for upstreams that fall silent for ever; for their head longer."""
    made = OpenAIProvider(allow_private=True, first_byte_seconds_max=30, silence_seconds_max=0.5)
    yield made
    await made.close()


def _target(upstream: RunningUpstream) -> ProviderTarget:
    return ProviderTarget("emulator", upstream.base_url, KEY)


def _body(model: str, **more: Any) -> bytes:
    return json.dumps({"model": model, "messages": [{"role": "user", "content": "Say it."}], **more}).encode()


def _streamed(model: str, **more: Any) -> bytes:
    return _body(model, stream=True, stream_options={"include_usage": True}, **more)


async def _read(answer: ProviderAnswer) -> bytes:
    return b"".join([piece async for piece in pieces_of(answer)])


def _events(text: bytes) -> list[dict[str, Any]]:
    lines = [line[6:] for line in text.replace(b"\r\n", b"\n").split(b"\n\n") if line.startswith(b"data: ")]
    assert lines.pop() == b"[DONE]"
    return [json.loads(line) for line in lines]


async def _outcome(upstream: RunningUpstream, number: int = 0) -> str:
    """Waits for the emulator to notice how a request ended, as long as a busy machine may need; usually no time."""
    for _ in range(1_500):
        outcome = str(upstream.seen()[number]["outcome"])
        if outcome != "running":
            return outcome
        await asyncio.sleep(0.02)
    return "running"


async def test_an_answer_arrives_as_the_upstream_wrote_it(provider: ChatProvider, upstream: RunningUpstream) -> None:
    answer = await provider.send(_target(upstream), _body("ok"))
    assert answer.content_type == "application/json"
    completion = json.loads(await _read(answer))
    check_answer(completion)
    assert completion["x_upstream"] == "kept"
    seen = upstream.seen()[0]
    assert seen["body"]["messages"] == [{"role": "user", "content": "Say it."}]
    assert seen["headers"]["authorization"] == f"Bearer {KEY}"
    assert seen["headers"]["content-type"] == "application/json"
    assert "cookie" not in seen["headers"]


@pytest.mark.parametrize("model", ["ok:50", "tools", "reasoning", "crlf", "split-utf8", "split-event", "echo", "empty"])
async def test_a_stream_arrives_whole(provider: ChatProvider, upstream: RunningUpstream, model: str) -> None:
    answer = await provider.send(_target(upstream), _streamed(model))
    assert answer.content_type == "text/event-stream"
    events = _events(await _read(answer))
    for event in events:
        check_chunk(event)
    assert events[-1]["usage"]["total_tokens"] > 0


@pytest.mark.parametrize("model", ["tools", "reasoning", "echo", "empty", "no-usage", "usage-twice", "wrong-usage"])
async def test_a_whole_answer_arrives_whole(provider: ChatProvider, upstream: RunningUpstream, model: str) -> None:
    completion = json.loads(await _read(await provider.send(_target(upstream), _body(model))))
    check_answer(completion)
    assert ("usage" in completion) == (model != "no-usage")


async def test_chunks_are_not_held_back(provider: ChatProvider, upstream: RunningUpstream) -> None:
    answer = await provider.send(_target(upstream), _streamed("ok:5:20"))
    pieces = [piece async for piece in pieces_of(answer)]
    assert len(pieces) >= 6


@pytest.mark.unhurried
async def test_ten_megabytes_pass_both_ways(provider: ChatProvider, upstream: RunningUpstream) -> None:
    answer = await provider.send(_target(upstream), _streamed("big"))
    text = "".join(event["choices"][0]["delta"].get("content") or "" for event in _events(await _read(answer))[:-1])
    assert len(text) > BIG_BYTES - 20_000
    question = "x" * 10_000_000
    answer = await provider.send(_target(upstream), _body("ok", prompt=question))
    await _read(answer)
    assert upstream.seen()[-1]["body"]["prompt"] == question


async def test_a_connection_is_used_again_after_an_answer_was_read(
    provider: ChatProvider, upstream: RunningUpstream
) -> None:
    for body in (_body("ok"), _streamed("ok"), _body("ok")):
        await _read(await provider.send(_target(upstream), body))
    assert len({seen["connection"] for seen in upstream.seen()}) == 1


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
async def test_an_error_of_the_upstream_is_told_without_the_key(
    provider: ChatProvider, upstream: RunningUpstream, status: int
) -> None:
    with pytest.raises(ProviderFailed) as raised:
        await provider.send(_target(upstream), _body(f"error-{status}"))
    failure = raised.value
    assert (failure.status, failure.timed_out) == (status, False)
    assert failure.body is not None
    assert failure.body["code"] == f"upstream_{status}"
    assert failure.retry_after == ("7" if status == 429 else None)
    assert KEY not in json.dumps(failure.body) + failure.message


@pytest.mark.parametrize("model", ["garbage", "redirect", "cut-before"])
async def test_what_is_no_answer_is_a_failure(provider: ChatProvider, upstream: RunningUpstream, model: str) -> None:
    with pytest.raises(ProviderFailed) as raised:
        await provider.send(_target(upstream), _body(model))
    assert raised.value.status == (302 if model == "redirect" else None)
    assert not raised.value.timed_out
    assert len(upstream.seen()) == 1, "a POST must never be repeated"


@pytest.mark.parametrize("model", ["garbage-json", "garbage-stream"])
async def test_broken_content_is_passed_on_for_the_flow_to_judge(
    provider: ChatProvider, upstream: RunningUpstream, model: str
) -> None:
    assert await _read(await provider.send(_target(upstream), _body(model)))


@pytest.mark.unhurried
async def test_no_header_in_time_is_a_timeout(upstream: RunningUpstream) -> None:
    provider = OpenAIProvider(allow_private=True, first_byte_seconds_max=0.5)
    with pytest.raises(ProviderFailed) as raised:
        await provider.send(_target(upstream), _body("slow-first"))
    await provider.close()
    assert raised.value.timed_out
    assert await _outcome(upstream) == "disconnected"


@pytest.mark.parametrize("reader_seconds", [0, 0.01])
@pytest.mark.parametrize("body", [_streamed("cut"), _body("cut")])
async def test_an_answer_cut_in_the_middle_is_a_failure_after_all_that_arrived(
    provider: ChatProvider, upstream: RunningUpstream, body: bytes, reader_seconds: float
) -> None:
    for _ in range(5):
        answer = await provider.send(_target(upstream), body)
        pieces: list[bytes] = []
        with pytest.raises(ProviderFailed) as raised:
            async for piece in pieces_of(answer):
                pieces.append(piece)
                await asyncio.sleep(reader_seconds)
        assert not raised.value.timed_out
        text = b"".join(pieces)
        assert b"[DONE]" not in text
        assert text.count(b"data: ") == (5 if b'"stream": true' in body else 0)
        assert text


@pytest.mark.parametrize("body", [_streamed("silent"), _body("silent")])
async def test_silence_in_the_middle_is_a_timeout_and_ends_the_call(
    hasty: ChatProvider, upstream: RunningUpstream, body: bytes
) -> None:
    answer = await hasty.send(_target(upstream), body)
    with pytest.raises(ProviderFailed) as raised:
        await _read(answer)
    assert raised.value.timed_out
    assert await _outcome(upstream) == "disconnected"


@pytest.mark.unhurried
async def test_once_an_answer_has_begun_only_silence_ends_it(upstream: RunningUpstream) -> None:
    provider = OpenAIProvider(allow_private=True, first_byte_seconds_max=2, silence_seconds_max=30)
    assert len(_events(await _read(await provider.send(_target(upstream), _streamed("ok:2:500"))))) >= 2
    await provider.close()


@pytest.mark.unhurried
async def test_an_answer_that_nobody_reads_for_a_while_is_not_silent(
    hasty: ChatProvider, upstream: RunningUpstream
) -> None:
    answer = await hasty.send(_target(upstream), _streamed("ok:5:20"))
    assert await answer.read()
    await asyncio.sleep(0.8)
    assert _events(await _read(answer))


@pytest.mark.parametrize("ending", ["close", "finish"])
async def test_an_answer_that_has_ended_is_watched_no_longer(
    provider: ChatProvider, upstream: RunningUpstream, ending: str
) -> None:
    answer = await provider.send(_target(upstream), _body("ok"))
    assert isinstance(answer, OpenAIAnswer)
    await _read(answer)
    assert not answer._watch.cancelled()
    await getattr(answer, ending)()
    assert answer._watch.cancelled()


@pytest.mark.unhurried
async def test_closing_an_answer_cancels_the_upstream(provider: ChatProvider, upstream: RunningUpstream) -> None:
    answer = await provider.send(_target(upstream), _streamed("ok:10000:5"))
    assert await answer.read()
    await answer.close()
    await answer.close()
    assert await _outcome(upstream) == "disconnected"
    await _read(await provider.send(_target(upstream), _body("ok")))
    first, second = upstream.seen()
    assert first["connection"] != second["connection"]


async def test_a_cancelled_request_cancels_the_upstream(provider: ChatProvider, upstream: RunningUpstream) -> None:
    sending = asyncio.create_task(provider.send(_target(upstream), _body("slow-first")))
    while not upstream.seen():  # noqa: ASYNC110 - the emulator is another process; there is no event to wait for
        await asyncio.sleep(0.01)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert await _outcome(upstream) == "disconnected"


async def test_models_are_listed(provider: ChatProvider, upstream: RunningUpstream) -> None:
    assert await provider.list_models(_target(upstream)) == [*BEHAVIOURS, *QUOTES, *PACED]
    with pytest.raises(ProviderFailed) as raised:
        await provider.list_models(ProviderTarget("emulator", upstream.base_url + "/nowhere", KEY))
    assert raised.value.status == 404


async def test_an_upstream_without_tls_is_a_failure(upstream: RunningUpstream) -> None:
    provider = OpenAIProvider(
        allow_private=True, connect_seconds_max=0.3
    )  # it waits for more of our hello, as we for its
    with pytest.raises(ProviderFailed) as raised:
        await provider.send(ProviderTarget("emulator", f"https://127.0.0.1:{upstream.port}/v1", KEY), _body("ok"))
    assert raised.value.status is None
    await provider.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"])  # noqa: S104
async def test_private_addresses_are_refused_whatever_they_are_called(upstream: RunningUpstream, host: str) -> None:
    provider = OpenAIProvider()
    try:
        with pytest.raises(ProviderFailed) as raised:
            await provider.send(ProviderTarget("inside", f"http://{host}:{upstream.port}/v1", KEY), _body("ok"))
    finally:
        await provider.close()
    assert raised.value.status is None
    assert upstream.seen() == []


async def test_a_name_that_changes_its_mind_leads_to_nothing_private(
    turncoat: str, public_and_private: Mapping[str, int]
) -> None:
    provider, target = OpenAIProvider(), ProviderTarget("turncoat", f"{turncoat}/v1", KEY)
    for _ in range(2):
        assert await _read(await provider.send(target, _body("ok"))) == b'{"message": "ok"}'
        with pytest.raises(ProviderFailed, match="private address"):
            await provider.send(target, _body("ok"))
    await provider.close()
    assert (public_and_private[PUBLIC], public_and_private["127.0.0.1"]) == (2, 0)


async def test_an_answer_that_is_compressed_although_nobody_asked_arrives_inflated(
    provider: ChatProvider, speak: Speak
) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n\r\n"
    url = await speak(head + gzip.compress(b'{"id": "x"}'))
    assert await _read(await provider.send(ProviderTarget("zipping", url, KEY), _body("ok"))) == b'{"id": "x"}'


async def test_a_private_host_can_be_allowed_by_name(upstream: RunningUpstream) -> None:
    provider = OpenAIProvider(allowed_hosts=frozenset({"LocalHost"}))
    try:
        named = ProviderTarget("inside", f"http://localhost:{upstream.port}/v1", KEY)
        check_answer(json.loads(await _read(await provider.send(named, _body("ok")))))
        with pytest.raises(ProviderFailed, match="private address"):
            await provider.send(_target(upstream), _body("ok"))
    finally:
        await provider.close()
