"""An answer with a key is made once, whoever listens, and given again as it was."""

import asyncio
import json

import pytest
from sqlalchemy import update

from app import db
from app.domain import clock
from app.domain.errors import AnswerForgotten, KeyReused, ProviderFailed, StillRunning
from app.domain.ledger.operations import Applied
from app.domain.money import NANOS
from app.domain.usage.idempotency import ChatAnswer, claim
from app.domain.usage.tables import IdempotentAnswer
from app.domain.wallets.wallets import Balance
from app.flows.callers.asked import Ask
from app.flows.chat import delivery
from app.flows.chat.delivery import Deliveries, Recording
from app.flows.upkeep.holds import forget_answers
from app.sql.columns import table_of
from tests.support.asking import STREAMED, Asking
from tests.support.books import assert_books_balance, give, make_snapshot, running_queue
from tests.support.carrying import BROKEN, balance, charge_of, receipt, rows_written
from tests.support.handed import reap_holds
from tests.support.own_keys import box
from tests.support.scripted import DONE, LAST, USAGE, Scripted, event, whole


@pytest.mark.parametrize("is_stream", [True, False])
async def test_the_same_key_gets_the_same_answer_and_one_charge(database: str, is_stream: bool) -> None:
    snapshot, raw = make_snapshot(), whole("Hi é", usage=USAGE)
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        asking = Asking(queue, snapshot, is_stream=is_stream)
        asking.use(Scripted(*STREAMED) if is_stream else Scripted(raw, content_type="application/json"))
        first, is_replay = await asking.answer()
        asking.use(Scripted())  # another process, whose provider would not answer
        again = [await asking.answer() for _ in range(2)]
        with pytest.raises(KeyReused):
            await asking.answer(body=b"other")
    assert (first, is_replay) == (b"".join([event("one "), event("two"), DONE]), False) or not is_stream
    assert again == [(first, True)] * 2
    assert len(asking.runs) == 1
    assert balance(snapshot) == Balance(NANOS - charge_of(asking.runs[0], 10, 20), 0)
    assert_books_balance()


@pytest.mark.unhurried
async def test_retries_attach_to_the_answer_that_is_being_made(database: str) -> None:
    snapshot, go = make_snapshot(), asyncio.Event()
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        asking = Asking(queue, snapshot)
        asking.use(Scripted(event("one "), None))
        pieces = iter((event("one "), event("two"), LAST, DONE))

        async def read() -> bytes:
            piece = next(pieces, b"")
            if piece == event("two"):
                await go.wait()
            return piece

        asking.provider.answer.read = read  # type: ignore[method-assign]
        first, others = asyncio.create_task(asking.answer()), []
        await asyncio.sleep(0.05)
        others = [asyncio.create_task(asking.answer()) for _ in range(5)]
        await asyncio.sleep(0.05)
        with pytest.raises(KeyReused):
            asking.ask(body=b"other")
        go.set()
        answers = await asyncio.gather(first, *others)
    assert len({text for text, _ in answers}) == 1 and [is_replay for _, is_replay in answers] == [False] + [True] * 5
    assert len(asking.runs) == 1
    assert_books_balance()


async def test_a_client_that_leaves_finds_its_answer_later(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        asking = Asking(queue, snapshot)
        asking.use(Scripted(*STREAMED))
        recording, _ = asking.ask()
        recording.leave()
        await asking.chat.keeper.drain(5)
        answer, is_replay = await asking.answer()
    assert (answer.endswith(DONE), is_replay, receipt(snapshot, asking.runs[0].id).disconnect) == (
        True,
        True,
        "drain",
    )
    assert balance(snapshot) == Balance(NANOS - charge_of(asking.runs[0], 10, 20), 0)


async def test_a_paywall_that_drains_charges_the_whole_answer_without_a_key(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        asking = Asking(queue, snapshot)
        asking.use(Scripted(*STREAMED))
        recording, _ = asking.ask(None)
        recording.leave()
        await asking.chat.keeper.drain(5)
        await asking.answer(None)
    assert (
        receipt(snapshot, asking.runs[0].id).disconnect,
        receipt(snapshot, asking.runs[1].id).disconnect,
    ) == ("drain", None)


@pytest.mark.parametrize("failure", [ProviderFailed("No.", 500), None])
async def test_what_moved_no_money_is_not_kept_and_a_retry_runs(database: str, failure: ProviderFailed | None) -> None:
    snapshot = make_snapshot()
    async with running_queue() as queue:
        asking = Asking(queue, snapshot)
        if failure is not None:
            await give(snapshot, "ada", NANOS)
            asking.provider.refusal = failure
            with pytest.raises(ProviderFailed):
                await asking.answer()
        else:
            recording, _ = asking.ask()
            await recording.begun()
            assert isinstance(recording.ask, Ask) and rows_written() == 0
            await give(snapshot, "ada", NANOS)
        asking.use(Scripted(*STREAMED))
        assert (await asking.answer())[1] is False
    assert_books_balance()


async def test_a_broken_stream_that_was_charged_is_not_charged_again(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        asking = Asking(queue, snapshot)
        asking.use(Scripted(event("one "), BROKEN))
        first, _ = await asking.answer()
        asking.use(Scripted(*STREAMED))
        assert await asking.answer() == (first, True)
    assert b'"error"' in first and receipt(snapshot, asking.runs[0].id).status == "settled"
    assert_books_balance()


async def test_answers_are_forgotten_and_their_keys_a_day_later(database: str) -> None:
    snapshot, table = make_snapshot(), table_of(IdempotentAnswer)
    await give(snapshot, "ada", NANOS)

    def age(seconds: int) -> None:
        with db.transaction() as session:
            session.execute(update(table).values(finished_at=clock.now() - seconds * clock.SECOND))

    async with running_queue() as queue:
        asking = Asking(queue, snapshot)
        asking.use(Scripted(*STREAMED))
        await asking.answer()
        assert await forget_answers() == 0
        for seconds in (15 * 60 + 1, 24 * 60 * 60 - 60):
            age(seconds)
            with pytest.raises(AnswerForgotten):
                await asking.answer()
            assert await forget_answers() in (0, 1)
        age(24 * 60 * 60 + 1)
        assert await forget_answers() == 1
        asking.use(Scripted(*STREAMED))
        assert (await asking.answer())[1] is False
    assert len(asking.runs) == 2


async def test_an_answer_is_sealed_where_it_is_kept(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        asking = Asking(queue, snapshot)
        asking.use(Scripted(event("a secret answer"), LAST, DONE))
        await asking.answer()
    with db.transaction(writes=False) as session:
        kept = json.dumps(session.query(IdempotentAnswer).one().answer)
    assert "secret" not in kept and "sealed" in kept


@pytest.mark.unhurried
async def test_a_retry_in_another_process_waits_for_the_answer(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    monkeypatch.setattr(delivery, "POLL_SECONDS", 0.02)
    async with running_queue() as queue:
        asking, other = Asking(queue, snapshot), Asking(queue, snapshot)
        asking.use(Scripted(event("one "), None))
        recording, _ = asking.ask()
        await recording.begun()
        monkeypatch.setattr(delivery, "POLL_SECONDS_MAX", 0.1)
        with pytest.raises(StillRunning):
            await other.answer()
        monkeypatch.setattr(delivery, "POLL_SECONDS_MAX", 10)
        waiting = asyncio.create_task(other.answer())
        other.use(Scripted(*STREAMED))
        await asyncio.sleep(0.05)
        # No lease keeps its process alive; the retry may hold before the reaper has looked for the last time.
        assert await reap_holds(queue) >= 1
        answer, is_replay = await waiting
    assert answer.endswith(DONE) and not is_replay
    assert receipt(snapshot, asking.runs[0].id).status == "released"
    assert receipt(snapshot, other.runs[0].id).status == "settled"
    assert_books_balance()


@pytest.mark.unhurried
async def test_two_processes_with_one_key_never_run_it_twice(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    monkeypatch.setattr(delivery, "POLL_SECONDS", 0.01)
    async with running_queue() as queue:
        processes = [Asking(queue, snapshot) for _ in range(6)]
        for process in processes:
            process.use(Scripted(*STREAMED))
        answers = await asyncio.gather(*(process.answer() for process in processes), return_exceptions=True)
    texts = {answer[0] for answer in answers if isinstance(answer, tuple)}
    assert len(texts) == 1 and all(isinstance(answer, (tuple, StillRunning)) for answer in answers)
    assert sum(len(process.provider.sent) for process in processes) == 1
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_lost_process_charges_a_chat_with_a_key_nothing_and_frees_it(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        asking = Asking(queue, snapshot)
        asking.use(Scripted(*[event("many words " * 30) for _ in range(60)], None))
        recording, _ = asking.ask()
        await recording.begun()
        while asking.runs[0].held.amount < asking.runs[0].leg.bound.nanos(asking.runs[0].leg.offer, 1_100):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert await reap_holds(queue) == 1
        assert (balance(snapshot), receipt(snapshot, asking.runs[0].id).status) == (Balance(NANOS, 0), "released")
        asking.use(Scripted(*STREAMED))
        assert (await asking.answer())[1] is False
        await asking.end()
    assert_books_balance()


async def test_a_chat_with_a_key_that_a_stop_cuts_costs_nothing_and_its_retry_runs(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        asking = Asking(queue, snapshot)
        asking.use(Scripted(event("one "), None))
        recording, _ = asking.ask()
        await recording.begun()
        (making,) = asking.chat.keeper.running
        making.cancel()
        await asyncio.wait([making])
        await asking.chat.keeper.drain(5)
        assert (balance(snapshot), receipt(snapshot, asking.runs[0].id).status) == (Balance(NANOS, 0), "released")
        with pytest.raises(RuntimeError, match="broke off"):
            _ = [piece async for piece in recording.read()]
        asking.use(Scripted(*STREAMED))
        assert (await asking.answer())[1] is False
    assert_books_balance()


@pytest.mark.parametrize(("billing", "most"), [("platform", 9), ("byok", 4)])
def test_of_an_answer_that_costs_nothing_less_is_kept(monkeypatch: pytest.MonkeyPatch, billing: str, most: int) -> None:
    monkeypatch.setattr(delivery, "KEPT_BYTES_MAX", 9)
    monkeypatch.setattr(delivery, "OWN_KEPT_BYTES_MAX", 4)
    deliveries, claimed = Deliveries(None, box()), claim("k", "pw_1", "chat", "ada", b"{}")  # type: ignore[arg-type]
    assert claimed is not None
    recording = Recording("", is_stream=False, first=ChatAnswer(None, False, "req_1", billing=billing))
    for size in (most, most + 1):
        kept = deliveries._kept(claimed, recording, Applied(), b"x" * size)
        assert (kept.sealed is not None) is (size == most)
