"""What a stream ends with is valid for OpenAI's clients, whatever happened to it."""

import json
from typing import Any

import pytest

from app.domain.errors import ProviderFailed
from app.domain.money import NANOS
from app.domain.pricing.quote import Tokens
from app.domain.usage.requests import Metered
from app.flows.chat.call import Run
from app.flows.chat.end import Stop, error_event, stream_tail
from app.formats.openai_stream import StreamMeter
from tests.support.books import give, make_snapshot, running_queue
from tests.support.scripted import DONE, LAST, Scripted, event, flows, request
from tests.support.spec import check_chunk, check_error

pytestmark = pytest.mark.plain_sql

PAYWALL = {"charge": "0.1"}
STOP = Stop("Top up.", {"action": "topup", "url": "u"})


async def a_run(**more: Any) -> Run:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        run = await chat.begin(snapshot, "ada", request(stream=True, **more), "req_1", None)
        assert isinstance(run, Run)
        await chat.release(run)
    return run


def chunks(tail: bytes) -> list[Any]:
    *events, done = tail.split(b"\n\n")[:-1]
    assert done + b"\n\n" == DONE
    return [json.loads(data.removeprefix(b"data: ")) for data in events]


def seen(*events: bytes) -> StreamMeter:
    meter = StreamMeter()
    for data in events:
        meter.feed(data)
    return meter


WANTED = {"stream_options": {"include_usage": True}}
HEAD = {"object": "chat.completion.chunk", "created": 5, "model": "demo-mini"}


async def test_nobody_asked_so_there_is_only_done(database: str) -> None:
    assert stream_tail(await a_run(), seen(event("a"), LAST), None, None, Metered(Tokens(1, 1)), PAYWALL) == DONE


async def test_usage_is_the_providers_own_where_it_said_any_and_ours_where_not(database: str) -> None:
    run, metered = await a_run(**WANTED), Metered(Tokens(7, 8), estimated=True)
    said = Metered(Tokens(10, 20))
    (theirs,) = chunks(stream_tail(run, seen(event("a", **HEAD), LAST), None, None, said, PAYWALL))
    assert (theirs["usage"]["completion_tokens"], theirs["paywall"]) == (20, PAYWALL)
    (ours,) = chunks(stream_tail(run, seen(event("a", **HEAD)), None, None, metered, PAYWALL))
    assert ours["usage"] == {"prompt_tokens": 7, "completion_tokens": 8, "total_tokens": 15}
    assert (ours["id"], ours["model"], ours["created"], ours["choices"]) == ("c", "demo-mini", 5, [])
    check_chunk(ours)


async def test_a_failure_is_the_last_word_and_there_is_no_done(database: str) -> None:
    run, meter = await a_run(**WANTED), seen(event("a"))
    tail = stream_tail(run, meter, ProviderFailed("It broke."), None, Metered(None), PAYWALL)
    assert tail == error_event(ProviderFailed("It broke.")) and DONE not in tail
    shape = json.loads(tail.removeprefix(b"data: "))
    assert shape == {"error": {"message": "It broke.", "type": "server_error", "param": None, "code": "provider_error"}}
    check_error(shape)


async def test_a_stop_before_the_first_event_is_an_answer_too(database: str) -> None:
    told = chunks(stream_tail(await a_run(), StreamMeter(), None, STOP, Metered(None), PAYWALL))
    assert [chunk["choices"][0]["finish_reason"] for chunk in told] == [None, "length"]
    for chunk in told:
        check_chunk(chunk)


@pytest.mark.parametrize("text", ["Top up.", "Заплатите « ici »\n\n"])
async def test_a_stop_says_the_link_in_the_name_of_the_answer(database: str, text: str) -> None:
    run, meter = await a_run(), seen(event("a", **HEAD))
    prose, end = chunks(stream_tail(run, meter, None, Stop(text, STOP.paywall), Metered(Tokens(1, 1)), PAYWALL))
    assert (prose["id"], prose["choices"][0]["delta"]) == ("c", {"content": text})
    assert (end["paywall"], end["choices"][0]["delta"]) == (STOP.paywall, {})
