"""Text is paid for wherever it stands, and a model that thought is held as one that thinks."""

import json
from typing import Any

import pytest

from app.domain.money import NANOS
from app.flows.chat.call import Run
from app.formats.openai_stream import StreamMeter
from tests.support.books import assert_books_balance, give, make_snapshot, running_queue
from tests.support.carrying import balance, describe, receipt
from tests.support.metering import LAST, WORDS, carried
from tests.support.scripted import COUNTER, DONE, Scripted, event, flows, request

pytestmark = pytest.mark.plain_sql

FEW = 4_000_000
PLACES: dict[str, Any] = {
    "parts": lambda text: {"content": [{"type": "text", "text": text}]},
    "details": lambda text: {"reasoning_details": [{"type": "reasoning.text", "text": text}]},
    "custom tools": lambda text: {"tool_calls": [{"index": 0, "type": "custom", "custom": {"input": text}}]},
    "nobody knows": lambda text: {"x": [{"y": text}]},
}


def said(delta: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps({"id": "c", "choices": [{"index": 0, "delta": delta}]}).encode() + b"\n\n"


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
async def test_text_in_another_place_does_not_outrun_a_small_wallet(database: str, place: Any) -> None:
    snapshot, pieces = make_snapshot(), [said(place(WORDS * 5)) for _ in range(200)]
    sent, _, held = await carried(snapshot, Scripted(*pieces, LAST, DONE), FEW)
    delivered = COUNTER.count("".join(WORDS * 5 for piece in sent if piece in pieces), "demo-mini") or 0
    found, spent = receipt(snapshot), FEW - balance(snapshot).posted_nanos
    assert 0 < sum(piece in pieces for piece in sent) < len(pieces)
    assert (found.status, found.lines[-1].tokens) == ("settled", delivered) and spent <= held[-1] <= FEW


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("stream", [True, False])
async def test_text_in_another_place_is_counted_where_nobody_says_usage(
    database: str, place: Any, stream: bool
) -> None:
    snapshot = make_snapshot()
    if stream:
        await carried(snapshot, Scripted(said(place("one two")), said(place(" three")), DONE), NANOS)
    else:
        await give(snapshot, "ada", NANOS)
        answer = json.dumps({"choices": [{"index": 0, "message": place("one two three")}]}).encode()
        async with running_queue() as queue:
            chat, carrier = flows(queue, Scripted(answer, content_type="text/plain"))
            run = await chat.begin(snapshot, "ada", request(), "req_1", None)
            assert isinstance(run, Run)
            await carrier.whole(run, describe)
    assert receipt(snapshot).lines[-1].tokens == COUNTER.count("one two three", "demo-mini")
    assert_books_balance()


def call(arguments: Any) -> bytes:
    return said(
        {"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": {"arguments": arguments}}]}
    )


@pytest.mark.parametrize("arguments", [{WORDS: 7}, {"type": WORDS, "id": WORDS}, list(range(1_000, 1_020)), {"a": {}}])
async def test_arguments_that_are_no_text_are_paid_for_and_do_not_outrun_a_small_wallet(
    database: str, arguments: Any
) -> None:
    snapshot, piece = make_snapshot(), call(arguments)
    sent, _, held = await carried(snapshot, Scripted(*[piece] * 1_000, LAST, DONE), FEW)
    text = json.dumps(arguments, separators=(",", ":")) * sent.count(piece)
    found, spent = receipt(snapshot), FEW - balance(snapshot).posted_nanos
    assert 0 < sent.count(piece) < 1_000 and found.lines[-1].tokens == COUNTER.count(text, "demo-mini")
    assert found.status == "settled" and spent <= held[-1] <= FEW


async def test_a_stream_whose_messages_say_its_deltas_again_is_not_cut(database: str) -> None:
    snapshot, words = make_snapshot(), ["coin "] * 60
    pieces = [
        b"data: " + json.dumps({"id": "c", "choices": [{"index": 0, "delta": {"content": word}, "message": {
            "role": "assistant", "content": "".join(words[: number + 1])}}]}).encode() + b"\n\n"
        for number, word in enumerate(words)
    ]  # fmt: skip
    sent, _, _ = await carried(snapshot, Scripted(*pieces, DONE), NANOS, max_tokens=64)
    assert [piece for piece in sent if piece in pieces] == pieces
    assert receipt(snapshot).lines[-1].tokens == COUNTER.count("".join(words), "demo-mini")


async def test_a_model_that_was_seen_to_think_holds_its_whole_bound_from_then_on(database: str) -> None:
    snapshot = make_snapshot()
    thought = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 329}
    last = b'data: {"id": "c", "choices": [], "usage": ' + json.dumps(thought).encode() + b"}\n\n"
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        chat, carrier = flows(queue, Scripted(event("Hi"), last, DONE))
        held: list[int] = []
        whole = 0
        for number in range(2):
            run = await chat.begin(snapshot, "ada", request(stream=True), f"req_{number}", None)
            assert isinstance(run, Run)
            held.append(run.held.amount)
            whole = run.leg.bound.nanos(run.leg.offer, 16_384)

            async def send(data: bytes) -> None:
                return

            await send(await carrier.stream(run, send, describe))
            assert sum(line.tokens for line in receipt(snapshot, f"req_{number}").lines if line.kind != "input") == 319
    assert held[0] < held[1] == whole


@pytest.mark.parametrize(
    "zeros",
    [
        {"prompt_tokens": 0, "completion_tokens": 0},
        {"prompt_tokens": 10, "completion_tokens": 0},
        {"total_tokens": 0},
        {},
    ],
)
def test_a_later_usage_of_zeros_replaces_nothing(zeros: dict[str, int]) -> None:
    meter = StreamMeter()
    later = b'data: {"id": "c", "choices": [], "usage": ' + json.dumps(zeros).encode() + b"}\n\n"
    meter.feed(event("Hi") + LAST + later + DONE)
    tokens = meter.final_tokens(is_cut=False)
    assert tokens is not None and (tokens.prompt, tokens.output) == (zeros.get("prompt_tokens") or 10, 3_000)
