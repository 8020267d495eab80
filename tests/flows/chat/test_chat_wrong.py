"""What a provider says that is wrong: errors inside its answers, and usage that cannot stand for them."""

import asyncio
import json
from typing import Any

import pytest

from app.domain.errors import ProviderFailed
from app.domain.money import NANOS
from app.domain.wallets.wallets import Balance
from app.flows.chat import delivery, upstream
from tests.support.asking import Asking
from tests.support.books import assert_books_balance, give, make_snapshot, running_queue
from tests.support.carrying import BROKEN, balance, begun, describe, receipt, streamed
from tests.support.scripted import COUNTER, DONE, LAST, SECRET, USAGE, Scripted, event, whole

pytestmark = pytest.mark.plain_sql


@pytest.mark.parametrize("more", [{}, {"choices": [{"index": 0, "delta": {}, "finish_reason": "error"}]}])
async def test_the_providers_own_error_is_the_last_event_without_its_secrets(
    database: str, more: dict[str, Any]
) -> None:
    error = {"error": {"message": f"overloaded, {SECRET}", "code": 502}, **more}
    pieces = (event("one"), b"data: " + json.dumps(error).encode() + b"\n\n", event("two"), DONE)
    sent, snapshot, _ = await streamed(Scripted(*pieces))
    assert sent[:-1] == [event("one")]
    assert json.loads(sent[-1].removeprefix(b"data: ")) == {
        "error": {"message": "overloaded, ***", "type": "server_error", "param": None, "code": 502}
    }
    assert receipt(snapshot).lines[-1].tokens == COUNTER.count("one", "demo-mini")


@pytest.mark.parametrize("comment", [b"", b": processing\n\n"])
async def test_an_error_that_comes_first_is_told_without_its_secrets(database: str, comment: bytes) -> None:
    snapshot, sent, error = make_snapshot(), [], json.dumps({"error": {"message": f"No credit for {SECRET}."}})

    async def send(data: bytes) -> None:
        sent.append(data)

    async with running_queue() as queue:
        run, carrier = await begun(queue, snapshot, Scripted(comment, f"data: {error}\n\n".encode()), stream=True)
        with pytest.raises(ProviderFailed) as failed:
            await send(await carrier.stream(run, send, describe))
    assert (sent, failed.value.said) == ([], {"message": "No credit for ***."})
    assert (balance(snapshot), receipt(snapshot).status) == (Balance(NANOS, 0), "released")


@pytest.mark.parametrize("choices", [[], [{"index": 0, "message": {"content": "Hi"}, "finish_reason": "error"}]])
async def test_an_error_inside_a_whole_answer_is_told_without_its_secrets(database: str, choices: list[Any]) -> None:
    content = {"error": {"message": f"No credit for {SECRET}."}, **({"choices": choices} if choices else {})}
    snapshot, raw = make_snapshot(), json.dumps(content).encode()
    async with running_queue() as queue:
        run, carrier = await begun(queue, snapshot, Scripted(raw, content_type="application/json"))
        with pytest.raises(ProviderFailed) as failed:
            await carrier.whole(run, describe)
        assert failed.value.said == {"message": "No credit for ***."}


@pytest.mark.parametrize("key", ["k", None])
async def test_a_provider_that_never_ends_is_recorded_only_so_far(
    database: str, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    monkeypatch.setattr(delivery, "RECORDED_BYTES_MAX", 200)
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        asking = Asking(queue, snapshot)
        asking.use(Scripted(*[event("one ")] * 1_000, DONE))
        answer, _ = await asking.answer(key)
        assert asking.provider.answer.is_closed
    *words, error = answer.split(b"\n\n")[:-1]
    assert 1 < len(words) < 10 and b"longer than 200 bytes" in error
    assert receipt(snapshot, asking.runs[0].id).lines[-1].tokens == COUNTER.count("one " * len(words), "demo-mini")
    assert_books_balance()


NOTHING = {"prompt_tokens": 10, "completion_tokens": 0}


@pytest.mark.parametrize("stream", [True, False])
async def test_words_with_a_usage_of_no_output_are_counted(database: str, stream: bool) -> None:
    last = LAST.replace(json.dumps(USAGE).encode(), json.dumps(NOTHING).encode())
    if stream:
        _, snapshot, _ = await streamed(Scripted(event("one two three"), last, DONE))
    else:
        snapshot, raw = make_snapshot(), whole("one two three", usage=NOTHING)
        async with running_queue() as queue:
            run, carrier = await begun(queue, snapshot, Scripted(raw, content_type="application/json"))
            await carrier.whole(run, describe)
    found = receipt(snapshot)
    assert found.estimated and found.lines[-1].tokens == COUNTER.count("one two three", "demo-mini")


@pytest.mark.parametrize(("early", "tokens"), [(1, 6), (50, 50)])
async def test_a_stream_that_breaks_behind_an_early_usage_pays_for_all_that_it_delivered(
    database: str, early: int, tokens: int
) -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": early}
    _, snapshot, _ = await streamed(Scripted(event("one", usage=usage), event(" two three four five six"), BROKEN))
    assert receipt(snapshot).lines[-1].tokens == tokens


async def test_who_leaves_behind_an_early_usage_pays_for_all_that_was_delivered(database: str) -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 1}
    provider = Scripted(event("one", usage=usage), event(" two three four five six"), None)
    snapshot, received = make_snapshot(), asyncio.Semaphore(0)

    async def send(data: bytes) -> None:
        received.release()

    async with running_queue() as queue:
        run, carrier = await begun(queue, snapshot, provider, stream=True)
        task = asyncio.create_task(carrier.stream(run, send, describe))
        await received.acquire()
        await received.acquire()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    found = receipt(snapshot)
    assert (found.disconnect, found.lines[-1].tokens) == ("cancel", 6)


async def test_a_last_event_without_its_blank_line_is_delivered(database: str) -> None:
    last = {"id": "c", "choices": [{"index": 0, "delta": {"content": " two"}, "finish_reason": "stop"}]}
    sent, snapshot, _ = await streamed(Scripted(event("one"), b"data: " + json.dumps(last).encode()))
    assert json.loads(sent[-2].removeprefix(b"data: ")) == last and sent[-1] == DONE
    assert receipt(snapshot).lines[-1].tokens == COUNTER.count("one two", "demo-mini")


async def test_a_whole_answer_that_is_too_long_costs_nothing(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "ANSWER_BYTES_MAX", 200)
    snapshot = make_snapshot()
    async with running_queue() as queue:
        provider = Scripted(*[whole("x" * 60)] * 3, content_type="application/json")
        run, carrier = await begun(queue, snapshot, provider)
        with pytest.raises(ProviderFailed, match="longer than 200 bytes"):
            await carrier.whole(run, describe)
    assert (balance(snapshot), provider.answer.is_closed) == (Balance(NANOS, 0), True)
