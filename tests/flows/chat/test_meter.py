"""A stream holds little, extends as it runs, and ends with the link when the money does."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from app import db
from app.domain.errors import HoldClosed, Unavailable
from app.domain.ledger.operations import Applied
from app.domain.ledger.tables import LedgerHold
from app.domain.money import NANOS
from app.domain.pricing.quote import Tokens, bound_nanos, charge_nanos
from app.domain.wallets.wallets import Balance
from app.flows.chat.call import Run
from app.flows.chat.decide import STREAM_OUTPUT_TOKENS
from app.flows.chat.meter import HoldMeter
from app.formats.openai_tokens import count_prompt
from app.ports.providers import TokenCounter
from app.sql.columns import table_of
from tests.support.books import PRICE, assert_books_balance, give, make_snapshot, running_queue
from tests.support.carrying import balance, describe, receipt
from tests.support.metering import LAST, WORDS, carried
from tests.support.scripted import COUNTER, DONE, Scripted, event, flows, request
from tests.support.spec import check_chunk

pytestmark = pytest.mark.plain_sql


def _delta(**delta: Any) -> bytes:
    return b"data: " + json.dumps({"id": "c", "choices": [{"index": 0, "delta": delta}]}).encode() + b"\n\n"


def holds() -> list[Any]:
    with db.transaction(writes=False) as session:
        return list(session.execute(select(table_of(LedgerHold))))


async def test_a_stream_holds_a_little_first_and_extends_as_it_runs(database: str) -> None:
    snapshot = make_snapshot()
    pieces = [event(WORDS * 10) for _ in range(50)]  # some 3,000 tokens
    sent, run, held = await carried(snapshot, Scripted(*pieces, LAST, DONE), NANOS)
    first = bound_nanos(run.leg.offer.price, run.leg.bound.prompt_tokens, STREAM_OUTPUT_TOKENS)
    assert (held[0], run.leg.output_limit) == (first, 16_384)
    assert len(set(held)) >= 3 and held == sorted(held) and held[-1] < bound_nanos(run.leg.offer.price, 200, 16_384)
    assert sent == [*pieces, DONE]
    charge = charge_nanos(run.leg.offer.price, Tokens(10, 3_000))
    assert (balance(snapshot), receipt(snapshot).hold) == (
        Balance(NANOS - charge, 0),
        f"{held[-1] / NANOS:.9f}".rstrip("0"),
    )


async def test_an_answer_whose_limit_fits_is_held_whole_and_ends_as_its_provider_ends_it(database: str) -> None:
    snapshot, provider = make_snapshot(), Scripted(*[event(WORDS)] * 166, LAST, DONE)  # some 1,000 tokens
    sent, run, held = await carried(snapshot, provider, NANOS, max_tokens=1_000)
    assert set(held) == {run.leg.bound.nanos(run.leg.offer, 1_000)} and sent[-1] == DONE and len(sent) == 167


IGNORED = {
    "one word at a time": ([event("word ")] * 20_000, {}),
    "many words at a time": ([event(WORDS * 5)] * 600, {}),
    "all words at once, behind the first": ([event("word "), event("word " * 20_000)], {}),
    "reasoning": ([_delta(reasoning_content=WORDS)] * 600, {}),
    "tool calls": ([_delta(tool_calls=[{"index": 0, "function": {"arguments": WORDS}}])] * 600, {}),
    "several choices": ([event(WORDS)] * 600, {"n": 2}),
    "no end of its last event": ([event("word "), event("word " * 20_000).rstrip()], {}),
}


@pytest.mark.parametrize("name", IGNORED)
async def test_a_provider_that_ignores_its_limit_is_cut_where_the_hold_is_whole(
    migrated_sqlite_url: str, name: str
) -> None:
    (pieces, more), snapshot = IGNORED[name], make_snapshot()
    end = () if name.startswith("no end") else (LAST, DONE)
    sent, run, _ = await carried(snapshot, Scripted(*pieces, *end), NANOS, max_tokens=100, **more)
    shown, limit = receipt(snapshot), 100 * run.leg.bound.choices
    assert b'"finish_reason":"length"' in sent[-1] and sent[-1].endswith(DONE) and b'"action":"output"' in sent[-1]
    assert (shown.status, shown.shortfall) == ("settled", "0")
    written = COUNTER.count(b"".join(sent[:-1]).decode().replace("\n", ""), "demo-mini") or 0
    assert shown.lines[-1].tokens <= limit and written < 100 * (limit + 64)


async def test_a_model_that_thinks_unseen_holds_everything(database: str) -> None:
    price = replace(make_snapshot().offers["demo-mini"].price)
    snapshot = make_snapshot()
    snapshot = replace(snapshot, offers={"o3": replace(snapshot.offers["demo-mini"], price=price)})
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        run = await chat.begin(snapshot, "ada", request(stream=True, model="o3"), "req_1", None)
        assert isinstance(run, Run) and run.held.amount == run.leg.bound.nanos(run.leg.offer, 16_384)
        await chat.release(run)


@pytest.mark.parametrize("wants_usage", [False, True])
async def test_when_the_money_ends_the_answer_ends_with_the_link(database: str, wants_usage: bool) -> None:
    snapshot, few = make_snapshot(), 4_000_000
    provider = Scripted(*(event(WORDS * 5) for _ in range(200)), LAST, DONE)
    options = {"stream_options": {"include_usage": True}} if wants_usage else {}
    sent, run, held = await carried(snapshot, provider, few, **options)
    *told, done = b"".join(sent[-1:]).split(b"\n\n")[:-1]
    chunks = [json.loads(line.removeprefix(b"data: ")) for line in told]
    assert done == b"data: [DONE]"
    assert chunks[0]["choices"][0]["delta"]["content"] == "Top up."
    assert chunks[1]["choices"][0]["finish_reason"] == "length"
    assert chunks[1]["paywall"] == {"action": "topup", "url": "u"}
    for chunk in chunks:
        check_chunk({"object": "chat.completion.chunk", "created": 0, "model": "m", **chunk})
    found, spent = receipt(snapshot), few - balance(snapshot).posted_nanos
    assert (found.status, found.estimated, balance(snapshot).held_nanos) == ("settled", True, 0)
    delivered = COUNTER.count("".join(WORDS * 5 for _ in sent[:-1]), "demo-mini") or 0
    assert found.lines[-1].tokens == delivered and 0 < spent <= held[-1] <= few
    # What is left would not have paid for much more.
    assert few - spent < 300 * charge_nanos(run.leg.offer.price, Tokens(0, 1))
    if wants_usage:
        assert chunks[2]["usage"]["completion_tokens"] == delivered
        assert chunks[2]["paywall"] == {"charge": spent, "action": "topup", "url": "u"}


@pytest.mark.parametrize("more", [{"response_format": {"type": "json_object"}}, {}])
async def test_a_cut_tool_call_or_json_gets_no_prose(database: str, more: dict[str, Any]) -> None:
    call = {"tool_calls": [{"index": 0, "function": {"arguments": WORDS * 5}}]}
    delta = {"content": WORDS * 5} if more else call
    piece = b"data: " + json.dumps({"id": "c", "choices": [{"index": 0, "delta": delta}]}).encode() + b"\n\n"
    sent, _, _ = await carried(make_snapshot(), Scripted(*[piece] * 200, DONE), 4_000_000, **more)
    (last, done) = sent[-1].split(b"\n\n")[:2]
    choice = json.loads(last.removeprefix(b"data: "))
    assert (choice["choices"][0]["delta"], choice["choices"][0]["finish_reason"]) == ({}, "length")
    assert choice["paywall"]["url"] == "u" and done == b"data: [DONE]"


async def test_every_choice_that_was_cut_gets_its_end(database: str) -> None:
    pieces = []
    for number in range(400):
        said = [{"index": number % 3, "delta": {"content": WORDS * 3}, "finish_reason": None}]
        pieces.append(b"data: " + json.dumps({"id": "c", "choices": said}).encode() + b"\n\n")
    ended = {"id": "c", "choices": [{"index": 1, "delta": {}, "finish_reason": "stop"}]}
    pieces.insert(6, b"data: " + json.dumps(ended).encode() + b"\n\n")
    pieces = [piece for at, piece in enumerate(pieces) if at < 7 or b'"index": 1' not in piece]
    sent, _, _ = await carried(make_snapshot(), Scripted(*pieces, DONE), 10_000_000, n=3)
    chunks = [json.loads(line.removeprefix(b"data: ")) for line in sent[-1].split(b"\n\n")[:-2]]
    assert [(chunk["choices"][0]["index"], chunk["choices"][0]["finish_reason"]) for chunk in chunks] == [
        (0, None), (0, "length"), (2, None), (2, "length"),
    ]  # fmt: skip


async def test_a_hold_is_extended_for_all_choices_together(database: str) -> None:
    snapshot, usage = make_snapshot(), {"prompt_tokens": 10, "completion_tokens": 3_900}
    pieces = []
    for number in range(65):
        said = [{"index": number % 3, "delta": {"content": WORDS * 10}, "finish_reason": None}]
        pieces.append(b"data: " + json.dumps({"id": "c", "choices": said}).encode() + b"\n\n")
    last = b"data: " + json.dumps({"id": "c", "choices": [], "usage": usage}).encode() + b"\n\n"
    _, run, held = await carried(snapshot, Scripted(*pieces, last, DONE), NANOS, n=3, max_tokens=1_500)
    assert held[0] == run.leg.bound.nanos_of_all(run.leg.offer, 3 * STREAM_OUTPUT_TOKENS)
    assert held[-1] >= run.leg.bound.nanos_of_all(run.leg.offer, 3_900)
    assert balance(snapshot) == Balance(NANOS - charge_nanos(run.leg.offer.price, Tokens(10, 3_900)), 0)


@pytest.mark.races
async def test_a_checkpoint_is_what_a_lost_process_charges(database: str) -> None:
    snapshot, provider = make_snapshot(), Scripted(*[event(WORDS * 10) for _ in range(30)], None)
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        chat, carrier = flows(queue, provider)
        run = await chat.begin(snapshot, "ada", request(stream=True), "req_1", None)
        assert isinstance(run, Run)
        task = asyncio.create_task(carrier.stream(run, lambda data: asyncio.sleep(0), describe))
        while not (holds()[0].metered and run.held.amount > run.leg.bound.nanos(run.leg.offer, 1_100)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        metered = holds()[0].metered
        assert (
            charge_nanos(run.leg.offer.price, Tokens(5, 700))
            < metered
            < charge_nanos(run.leg.offer.price, Tokens(30, 2_000))
        )
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert receipt(snapshot).disconnect == "cancel"
    assert_books_balance()


class Uncounted:
    """Counts nothing, as for a text that is too long."""

    def count(self, text: str, model: str) -> int | None:
        return None


async def test_a_text_that_cannot_be_counted_is_paid_for_by_its_bytes(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", 4_000_000)  # some 1,800 tokens
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        run = await chat.begin(snapshot, "ada", request(stream=True), "req_1", None)
        assert isinstance(run, Run)
        meter = HoldMeter(chat.legs, run, Uncounted())
        assert await meter.admits(event("x" * 1_200)) and run.held.amount > run.leg.bound.nanos(run.leg.offer, 1_200)
        assert not await meter.admits(event("x" * 1_000)) and meter.action == "topup"
        await chat.release(run)


@pytest.mark.parametrize("counter", [COUNTER, Uncounted()])
async def test_a_checkpoint_has_metered_the_images_of_the_prompt_too(database: str, counter: TokenCounter) -> None:
    snapshot = make_snapshot({"demo-mini": replace(PRICE, part_tokens_max=100)})
    await give(snapshot, "ada", NANOS)
    content: Any = [{"type": "text", "text": "Which?"}, {"type": "image_url", "image_url": {"url": "data:,x"}}]
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        run = await chat.begin(snapshot, "ada", request(content, stream=True), "req_1", None)
        assert isinstance(run, Run)
        assert await HoldMeter(chat.legs, run, counter).admits(event("x" * 9_000))
        counted = counter.count("x" * 9_000, "demo-mini") or 9_000
        prompt = count_prompt(run.leg.request, counter)
        used = Tokens(run.leg.bound.prompt_tokens if prompt is None else prompt + 100, counted)
        assert holds()[0].metered == charge_nanos(run.leg.offer.price, used)
        await chat.release(run)


@pytest.mark.parametrize("refusal", [HoldClosed("Reaped."), Unavailable("Away.")])
async def test_a_hold_that_cannot_be_extended_ends_the_answer(
    database: str, monkeypatch: pytest.MonkeyPatch, refusal: Exception
) -> None:
    snapshot = make_snapshot()

    async def fails(*_: object) -> Applied:
        raise refusal

    monkeypatch.setattr("app.flows.chat.leg.Legs.extend", fails)
    sent, run, held = await carried(snapshot, Scripted(*[event(WORDS * 10)] * 60, LAST, DONE), NANOS)
    assert b'"length"' in sent[-1] and len(set(held)) == 1
    assert NANOS - balance(snapshot).posted_nanos <= run.held.amount


async def test_usage_that_came_with_words_that_were_kept_back_is_not_charged(database: str) -> None:
    """A quick provider's end may come in one piece with more words than the wallet pays for."""
    snapshot = make_snapshot()
    rest = event(WORDS * 500) + LAST + DONE
    sent, _, _ = await carried(snapshot, Scripted(event("Hello "), rest), 4_000_000, max_tokens=3_000)
    shown = receipt(snapshot)
    assert WORDS.encode() not in b"".join(sent) and b'"finish_reason":"length"' in sent[-1]
    assert (shown.estimated, shown.shortfall) == (True, "0")
    assert [line.tokens for line in shown.lines if line.kind == "output"] == [COUNTER.count("Hello ", "demo-mini")]


async def test_what_a_stream_costs_by_now_grows_with_it_and_comes_near_its_charge(database: str) -> None:
    snapshot, told = make_snapshot(), []
    await give(snapshot, "ada", NANOS)
    pieces = [event(WORDS)] * 100
    async with running_queue() as queue:
        chat, carrier = flows(queue, Scripted(*pieces, LAST, DONE))
        run = await chat.begin(snapshot, "ada", request(stream=True), "req_1", None)
        assert isinstance(run, Run) and run.meter is None

        async def send(_data: bytes) -> None:
            assert run.meter is not None
            told.append(await run.meter.about_nanos())

        await carrier.stream(run, send, describe)
    written = Tokens(tokens_asked(run), sum(COUNTER.count(WORDS, "demo-mini") or 0 for _ in pieces))
    charge = charge_nanos(run.leg.offer.price, written)
    assert told[0] < told[len(told) // 2] < told[-1]
    assert charge / 2 < told[-1] < charge * 2
    assert_books_balance()


def tokens_asked(run: Run) -> int:
    """Returns the tokens of a run's prompt."""
    return count_prompt(run.leg.request, COUNTER) or 0
