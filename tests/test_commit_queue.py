"""Group commit: every caller gets its own answer, whatever happens to its neighbours and to the database."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from app import commit_queue, db
from app.commit_queue import CommitQueue
from app.db_writer import Writer
from app.domain.errors import BadOperation, HoldClosed, InsufficientFunds, Unavailable
from app.domain.leases.tables import Lease
from app.domain.ledger.operations import Applied, Charge, Hold, Operation, Settle, Transfer
from app.domain.rows import RowInsert
from app.sql.columns import table_of
from tests.domain.ledger.money import WALLET, WORLD, count, deposit, do, findings, posted, to_revenue
from tests.support.waiting import until

pytestmark = pytest.mark.usefixtures("database")


@asynccontextmanager
async def started(operations_max: int = 1_000, batch_max: int = 500) -> AsyncIterator[CommitQueue]:
    queue = CommitQueue(operations_max, batch_max)
    queue.start()
    yield queue
    await queue.drain()


def hold(name: object, amount: int = 10) -> Hold:
    return Hold(f"hold:{name}", WALLET, amount, amount, 2 * amount, "process")


def event(name: str) -> Callable[[Applied], list[RowInsert]]:
    """Writes a row beside the operation."""
    values = {"name": name, "owner": "test", "expires_at": 1}
    return lambda _applied: [RowInsert(table_of(Lease), values)]


async def gather(queue: CommitQueue, *operations: Operation) -> list[Any]:
    return await asyncio.gather(*(queue.commit(operation) for operation in operations), return_exceptions=True)


class HeldUp(threading.Event):
    """Once it is set the writer goes on; `has_come` says that the writer waits for that."""

    def __init__(self) -> None:
        super().__init__()
        self.has_come = False


@pytest.fixture
def held_up(monkeypatch: pytest.MonkeyPatch) -> HeldUp:
    """Keeps the writer from its first batch until the event is set, so that the next ones meet in one."""
    go, write = HeldUp(), commit_queue._write

    def waiting(writer: Any, batch: Any, *, pipelined: bool) -> Any:
        go.has_come = True
        assert go.wait(30)
        return write(writer, batch, pipelined=pipelined)

    monkeypatch.setattr(commit_queue, "_write", waiting)
    return go


def fails(monkeypatch: pytest.MonkeyPatch, *failures: Exception | None, after_the_commit: bool = False) -> list[int]:
    """Makes the next writes fail as given, before they begin or after they landed; returns the batches' sizes."""
    write, left, sizes = commit_queue._write, list(failures), []

    def failing(writer: Any, batch: Any, *, pipelined: bool) -> Any:
        sizes.append(len(batch))
        failure = left.pop(0) if left else None
        if failure is not None and not after_the_commit:
            raise failure
        written = write(writer, batch, pipelined=pipelined)
        if failure is not None:
            raise failure
        return written

    monkeypatch.setattr(commit_queue, "_write", failing)
    return sizes


async def test_each_caller_gets_its_own_answer(held_up: HeldUp) -> None:
    async with started() as queue:
        first = asyncio.create_task(queue.commit(deposit("d:1", 25)))
        await until(lambda: held_up.has_come)
        rest = asyncio.create_task(gather(queue, hold(1), hold(2), hold(3), Settle("hold:9", 1, to_revenue())))
        await until(lambda: queue.waiting == 5)
        held_up.set()
        assert (await first).balance == 25
        one, two, three, four = await rest
    assert (one.amount, two.amount) == (10, 10)
    assert isinstance(three, InsufficientFunds) and isinstance(four, HoldClosed)
    assert findings() == []


@pytest.mark.unhurried
async def test_many_callers_of_many_wallets_are_all_answered() -> None:
    async with started() as queue:
        await queue.commit(deposit("d:1", 10_000))

        async def story(name: int) -> None:
            await queue.commit(hold(name))
            assert (await queue.commit(Settle(f"hold:{name}", 7, to_revenue()))).amount == 7

        await asyncio.gather(*(story(name) for name in range(300)))
    assert (posted(WALLET), count("ledger_hold", "status = 'settled'"), findings()) == (7_900, 300, [])


async def test_a_batch_is_never_larger_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = fails(monkeypatch)
    async with started(batch_max=7) as queue:
        await gather(queue, *(deposit(f"d:{number}", 1) for number in range(40)))
    assert sum(sizes) == 40 and max(sizes) <= 7


async def test_what_is_written_beside_lands_with_the_operation_or_not_at_all() -> None:
    async with started() as queue:
        await queue.commit(deposit("d:1", 10), event("e:1"))
        with pytest.raises(InsufficientFunds):
            await queue.commit(hold(1, 11), event("e:2"))
        replay = await queue.commit(deposit("d:1", 10), event("e:1"))
        with pytest.raises(IntegrityError):
            await queue.commit(deposit("d:2", 10), event("e:1"))
    assert replay.is_replay
    assert (count("lease"), posted(WALLET), findings()) == (1, 10, [])


async def test_one_bad_operation_never_fails_its_neighbours(held_up: HeldUp) -> None:
    def bug(_collected: object) -> list[Transfer]:
        raise KeyError("a bug of the caller")

    async with started() as queue:
        await asyncio.to_thread(do, deposit("d:0", 100))
        others = asyncio.create_task(gather(
            queue,
            hold(1),
            Charge("chg:1", WALLET, 5, bug),
            Charge("chg:2", WALLET, 5, lambda _collected: [Transfer(WALLET, WORLD, 4, "x")]),
            deposit("d:\ud800", 1),  # no text that a database can store
            hold(2),
        ))  # fmt: skip
        clash = asyncio.create_task(queue.commit(deposit("d:1", 1), event("e:1")))
        clashing = asyncio.create_task(queue.commit(deposit("d:2", 1), event("e:1")))
        await until(lambda: held_up.has_come and queue.waiting == 7)
        held_up.set()
        first, by_bug, by_ledger, _by_database, last = await others
        both = await asyncio.gather(clash, clashing, return_exceptions=True)
    assert (first.amount, last.amount) == (10, 10)
    assert isinstance(by_bug, KeyError) and isinstance(by_ledger, BadOperation)
    assert sorted(type(answer).__name__ for answer in both) == ["Applied", "IntegrityError"]
    assert count("lease") == 1 and findings() == []


async def test_a_full_queue_says_so_at_once(held_up: HeldUp) -> None:
    async with started(operations_max=5) as queue:
        waiting = [asyncio.create_task(queue.commit(deposit(f"d:{number}", 1))) for number in range(5)]
        await until(lambda: queue.waiting == 5)
        with pytest.raises(Unavailable, match="5 operations are waiting already"):
            await queue.commit(deposit("d:6", 1))
        held_up.set()
        await asyncio.gather(*waiting)
        assert (await queue.commit(deposit("d:6", 1))).balance == 6


async def test_a_drained_queue_has_committed_what_waited_and_takes_no_more(held_up: HeldUp) -> None:
    queue = CommitQueue(1_000, 3)
    queue.start()
    waiting = [asyncio.create_task(queue.commit(deposit(f"d:{number}", 1))) for number in range(10)]
    await until(lambda: queue.waiting == 10)
    draining = asyncio.create_task(queue.drain())
    await until(lambda: not queue._is_open)
    with pytest.raises(Unavailable):
        await queue.commit(deposit("d:late", 1))
    held_up.set()
    await draining
    assert [answer.amount for answer in await asyncio.gather(*waiting)] == [1] * 10
    assert posted(WALLET) == 10
    await queue.drain()


async def test_a_queue_that_was_not_started_says_so() -> None:
    with pytest.raises(Unavailable):
        await CommitQueue(10, 10).commit(deposit("d:1", 1))


async def test_a_caller_that_is_gone_leaves_its_operation_whole(held_up: HeldUp) -> None:
    async with started() as queue:
        gone = asyncio.create_task(queue.commit(deposit("d:1", 5), event("e:1")))
        await until(lambda: queue.waiting == 1)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        held_up.set()
        assert (await queue.commit(deposit("d:1", 5))).is_replay
    assert (count("lease"), posted(WALLET)) == (1, 5)


def test_an_event_loop_that_closed_stops_nobody_else(held_up: HeldUp) -> None:
    queue = CommitQueue(1, 10)
    queue.start()

    async def begin() -> None:
        asyncio.create_task(queue.commit(deposit("d:1", 5))).add_done_callback(lambda _task: None)
        await until(lambda: held_up.has_come)

    asyncio.run(begin())
    held_up.set()

    async def more() -> Applied:
        for _ in range(1_000):  # the place in the queue is free once the writer has answered nobody
            try:
                return await queue.commit(deposit("d:2", 5))
            except Unavailable:
                await asyncio.sleep(0.02)
        raise AssertionError("the queue stayed full")

    assert asyncio.run(more()).balance == 10
    asyncio.run(queue.drain())


async def test_a_conflict_is_repeated_alone_and_in_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = fails(monkeypatch, db.WriteConflict("x"), db.ConnectionLost("x"), db.WriteConflict("x"))
    async with started() as queue:
        assert (await queue.commit(deposit("d:1", 5))).balance == 5
    assert sizes == [1, 1, 1, 1]


async def test_a_conflict_that_does_not_end_is_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    fails(monkeypatch, *[db.WriteConflict("x")] * db.ATTEMPTS_MAX)
    async with started() as queue:
        with pytest.raises(Unavailable):
            await queue.commit(deposit("d:1", 5))
        assert (await queue.commit(deposit("d:1", 5))).is_replay is False


async def test_a_database_that_is_away_is_not_asked_for_each(monkeypatch: pytest.MonkeyPatch, held_up: HeldUp) -> None:
    sizes = fails(monkeypatch, None, Unavailable("away"))
    async with started() as queue:
        first = asyncio.create_task(queue.commit(deposit("d:0", 1)))
        await until(lambda: sizes)
        rest = asyncio.create_task(gather(queue, *(deposit(f"d:{number}", 1) for number in range(1, 21))))
        await until(lambda: queue.waiting == 21)
        held_up.set()
        assert (await first).amount == 1
        answers = await rest
    assert all(isinstance(answer, Unavailable) for answer in answers)
    assert (sizes, findings()) == ([1, 20], [])


async def test_a_commit_whose_answer_is_lost_is_found_by_asking_again(monkeypatch: pytest.MonkeyPatch) -> None:
    fails(monkeypatch, Unavailable("no answer"), after_the_commit=True)
    async with started() as queue:
        with pytest.raises(Unavailable):
            await queue.commit(deposit("d:1", 5), event("e:1"))
        found = await queue.commit(deposit("d:1", 5), event("e:1"))
    assert (found.amount, found.is_replay, found.balance) == (5, True, 5)
    assert (count("lease"), findings()) == (1, [])


async def test_a_commit_that_breaks_on_the_way_is_unavailable_and_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database fails exactly at COMMIT: nobody knows whether it landed, so nothing is repeated by itself."""
    run, lost = Writer.run, iter([True])

    def losing(self: Writer, work: Any, *, pipelined: bool) -> Any:
        done = run(self, work, pipelined=pipelined)
        if next(lost, False):
            with db.translated(lambda: True):
                raise OperationalError("COMMIT", None, Exception("the connection broke"))
        return done

    async with started() as queue:
        monkeypatch.setattr(Writer, "run", losing)
        with pytest.raises(Unavailable, match="ask again"):
            await queue.commit(deposit("d:1", 5))
        assert (await queue.commit(deposit("d:1", 5))).is_replay
    with db.transaction(writes=False) as session:
        assert session.execute(text("SELECT count(*) FROM ledger_transfer")).scalar_one() == 1
