"""An answer is carried whole or as a stream, and charged before its end is told."""

import asyncio
import json

import pytest

from app.domain.errors import ProviderFailed, Unavailable
from app.domain.ledger.operations import Applied
from app.domain.money import NANOS
from app.domain.usage.requests import Metered
from app.domain.wallets.wallets import Balance
from app.flows.chat.call import Run
from tests.support.books import assert_books_balance, make_snapshot, running_queue
from tests.support.carrying import BROKEN, balance, begun, charge_of, describe, receipt, streamed
from tests.support.scripted import COUNTER, DONE, LAST, USAGE, Scripted, event, unanswered, whole

pytestmark = pytest.mark.plain_sql


async def test_a_whole_answer_keeps_its_bytes_and_gets_our_field(database: str) -> None:
    snapshot, raw = make_snapshot(), whole("Hi", usage=USAGE) + b" \n"
    async with running_queue() as queue:
        run, carrier = await begun(queue, snapshot, Scripted(raw[:9], raw[9:], content_type="application/json"))
        body = await carrier.whole(run, describe)
    charge = charge_of(run, 10, 20)
    assert body.startswith(raw.rstrip()[:-1]) and json.loads(body)["paywall"] == {"charge": charge}
    assert balance(snapshot) == Balance(NANOS - charge, 0)
    assert_books_balance()


@pytest.mark.parametrize(
    "pieces",
    [[b"{not json"], [b"[]"], [b'{"error": {"message": "x"}}'], [b"{}"], [whole()[:20], BROKEN], [BROKEN], []],
    ids=["no json", "list", "error", "no choices", "cut", "broken", "nothing"],
)
async def test_a_whole_answer_that_is_none_charges_nothing(database: str, pieces: list[bytes | Exception]) -> None:
    snapshot = make_snapshot()
    async with running_queue() as queue:
        run, carrier = await begun(queue, snapshot, Scripted(*pieces, content_type="application/json"))
        with pytest.raises(ProviderFailed):
            await carrier.whole(run, describe)
    assert (balance(snapshot), receipt(snapshot).status) == (Balance(NANOS, 0), "released")
    assert_books_balance()


@pytest.mark.unhurried
async def test_an_answer_without_usage_is_counted(database: str) -> None:
    snapshot = make_snapshot()
    async with running_queue() as queue:
        run, carrier = await begun(queue, snapshot, Scripted(whole("one two three"), content_type="application/json"))
        await carrier.whole(run, describe)
    found = receipt(snapshot)
    assert found.estimated and found.lines[-1].tokens == COUNTER.count("one two three", "demo-mini")


async def test_a_stream_is_charged_before_done(database: str) -> None:
    sent, snapshot, run = await streamed(Scripted(event("a"), event("b") + LAST, DONE))
    assert sent == [event("a"), event("b"), DONE]
    assert balance(snapshot) == Balance(NANOS - charge_of(run, 10, 20), 0)


async def test_who_asked_for_usage_gets_it_with_our_field(database: str) -> None:
    sent, _, run = await streamed(Scripted(event("a"), LAST, DONE), stream_options={"include_usage": True})
    usage, done = sent[-1].split(b"\n\n")[:2]
    assert done == b"data: [DONE]"
    assert json.loads(usage.removeprefix(b"data: ")) == {
        "id": "c", "choices": [], "usage": USAGE, "paywall": {"charge": charge_of(run, 10, 20)},
    }  # fmt: skip


@pytest.mark.parametrize(
    "pieces",
    [
        [BROKEN],
        [b"data: nonsense\n\n"],
        [],
        [b'data: {"error": {"message": "x"}}\n\n'],
        [b": waiting", BROKEN],
        [LAST, BROKEN],
        [LAST],
    ],
    ids=["broken", "garbage", "nothing", "error", "half a comment", "usage and broken", "usage alone"],
)
async def test_a_stream_that_fails_before_anything_was_sent_charges_nothing(
    database: str, pieces: list[bytes | Exception]
) -> None:
    snapshot, sent = make_snapshot(), []

    async def send(data: bytes) -> None:
        sent.append(data)

    async with running_queue() as queue:
        run, carrier = await begun(queue, snapshot, Scripted(*pieces), stream=True)
        with pytest.raises(ProviderFailed):
            await send(await carrier.stream(run, send, describe))
    assert (sent, balance(snapshot), receipt(snapshot).status) == ([], Balance(NANOS, 0), "released")
    assert_books_balance()


@pytest.mark.parametrize("end", [[BROKEN], []], ids=["broken", "closed early"])
async def test_a_stream_that_breaks_charges_what_was_delivered_and_says_so(database: str, end: list[Exception]) -> None:
    sent, snapshot, _ = await streamed(Scripted(event("one two"), event(" three"), *end))
    assert sent[:2] == [event("one two"), event(" three")]
    assert "error" in json.loads(sent[2].removeprefix(b"data: ")) and DONE not in sent
    found = receipt(snapshot)
    assert (found.estimated, found.lines[-1].tokens) == (True, COUNTER.count("one two three", "demo-mini"))


async def test_a_stream_of_nothing_is_free(database: str) -> None:
    sent, snapshot, _ = await streamed(Scripted(event(""), DONE))
    assert sent[-1] == DONE and balance(snapshot) == Balance(NANOS, 0)


async def test_a_stream_that_is_answered_with_json_is_a_failure(database: str) -> None:
    snapshot = make_snapshot()
    async with running_queue() as queue:
        run, carrier = await begun(queue, snapshot, Scripted(whole(), content_type="application/json"), stream=True)
        with pytest.raises(ProviderFailed, match="without one"):
            await carrier.stream(run, lambda data: asyncio.sleep(0), describe)
    assert balance(snapshot) == Balance(NANOS, 0)


@pytest.mark.parametrize("stream", [True, False])
async def test_what_the_provider_says_that_it_cost_stands_beside_ours(database: str, stream: bool) -> None:
    usage = {**USAGE, "cost": 0.25}
    if stream:
        last = LAST.replace(json.dumps(USAGE).encode(), json.dumps(usage).encode())
        _, snapshot, _ = await streamed(Scripted(event("one"), last, DONE))
    else:
        snapshot, raw = make_snapshot(), whole("one", usage=usage)
        async with running_queue() as queue:
            run, carrier = await begun(queue, snapshot, Scripted(raw, content_type="application/json"))
            await carrier.whole(run, describe)
    assert receipt(snapshot).provider_cost == "0.25"


@pytest.mark.parametrize(("last", "is_finished"), [((LAST, DONE), True), ((LAST,), False), ((BROKEN,), False)])
async def test_only_an_answer_that_came_to_its_end_leaves_its_connection_to_the_next(
    database: str, last: tuple[bytes | Exception, ...], is_finished: bool
) -> None:
    provider = Scripted(event("one"), *last)
    await streamed(provider)
    assert provider.answer.is_finished is is_finished


@pytest.mark.parametrize("usage", [False, True])
async def test_a_client_that_goes_away_pays_for_what_it_got(database: str, usage: bool) -> None:
    snapshot, provider = make_snapshot(), Scripted(event("one two"), *([LAST] if usage else []), None)
    received = asyncio.Event()

    async def send(data: bytes) -> None:
        received.set()

    async with running_queue() as queue:
        run, carrier = await begun(queue, snapshot, provider, stream=True)
        task = asyncio.create_task(carrier.stream(run, send, describe))
        await received.wait()
        await provider.answer.fell_silent.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    found = receipt(snapshot)
    assert (found.status, found.disconnect, found.estimated) == ("settled", "cancel", not usage)
    assert found.lines[-1].tokens == (20 if usage else COUNTER.count("one two", "demo-mini"))
    assert provider.answer.is_closed
    assert_books_balance()


@pytest.mark.parametrize("behind", [(LAST, DONE), (event("unheard"), LAST), (None,), (BROKEN,)])
async def test_who_leaves_behind_the_last_word_pays_for_what_the_model_thought_unseen_too(
    database: str, behind: tuple[bytes | Exception | None, ...]
) -> None:
    end = b'data: {"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\n'
    snapshot, provider = make_snapshot(), Scripted(event("one two"), end, None, *behind)
    received, waiting = list[bytes](), asyncio.Event()

    async def send(data: bytes) -> None:
        received.append(data)
        if data == end:
            waiting.set()

    async with running_queue() as queue:
        run, carrier = await begun(queue, snapshot, provider, stream=True)
        task = asyncio.create_task(carrier.stream(run, send, describe))
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    found, is_said = receipt(snapshot), LAST in behind
    assert (found.status, found.disconnect, found.estimated) == ("settled", "cancel", not is_said)
    assert found.lines[-1].tokens == (20 if is_said else COUNTER.count("one two", "demo-mini"))
    assert provider.answer.is_closed and received == [event("one two"), end]
    assert_books_balance()


async def test_a_whole_answer_that_nobody_waits_for_is_free(database: str) -> None:
    snapshot, provider = make_snapshot(), Scripted(whole()[:9], None, content_type="application/json")
    async with running_queue() as queue:
        run, carrier = await begun(queue, snapshot, provider)
        task = asyncio.create_task(carrier.whole(run, describe))
        await provider.answer.fell_silent.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert balance(snapshot) == Balance(NANOS, 0)


@pytest.mark.unhurried
async def test_without_a_settlement_there_is_no_done_and_it_lands_later(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot, sent = make_snapshot(), []

    async def send(data: bytes) -> None:
        sent.append(data)

    async with running_queue() as queue:
        run, carrier = await begun(queue, snapshot, Scripted(event("one"), LAST, DONE), stream=True)
        with monkeypatch.context() as patch, pytest.raises(Unavailable):
            patch.setattr(queue, "submit", lambda *_: unanswered())
            await send(await carrier.stream(run, send, describe))
        assert receipt(snapshot).status == "running"
        await carrier._legs.keeper.drain(10)
    assert sent == [event("one")]
    assert balance(snapshot) == Balance(NANOS - charge_of(run, 10, 20), 0)
    assert_books_balance()


async def test_a_settlement_whose_answer_was_lost_is_no_done(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot, sent = make_snapshot(), []

    async def send(data: bytes) -> None:
        sent.append(data)

    async with running_queue() as queue:
        run, carrier = await begun(queue, snapshot, Scripted(event("one"), LAST, DONE), stream=True)
        settle = carrier._legs.settle

        async def unavailable(run: Run, metered: Metered, keep: object) -> Applied:
            await settle(run, metered)
            raise Unavailable("The answer was lost.")

        monkeypatch.setattr(carrier._legs, "settle", unavailable)
        with pytest.raises(Unavailable):
            await send(await carrier.stream(run, send, describe))
    assert sent == [event("one")]
    assert_books_balance()


@pytest.mark.unhurried
async def test_an_answer_too_long_to_count_stands_at_its_bound_for_every_choice(database: str) -> None:
    snapshot, provider = make_snapshot(), Scripted(whole("x" * 1_100_000), content_type="application/json")
    async with running_queue() as queue:
        run, carrier = await begun(queue, snapshot, provider, n=2, max_tokens=50)
        await carrier.whole(run, describe)
    found = receipt(snapshot)
    assert (found.estimated, found.lines[-1].tokens) == (True, 100)
    assert_books_balance()
