"""Whatever happens while an answer ends, its hold ends too."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from app.domain.errors import Unavailable
from app.domain.ledger.operations import Applied, Operation
from app.domain.money import NANOS
from app.domain.paywalls.configuration import Disconnect
from app.domain.rows import Rows
from app.domain.wallets.wallets import Balance
from tests.support.asking import STREAMED, Asking
from tests.support.books import assert_books_balance, give, make_snapshot, running_queue
from tests.support.carrying import balance, begun, charge_of, describe, receipt
from tests.support.scripted import COUNTER, DONE, LAST, USAGE, Scripted, ScriptedAnswer, event, unanswered, whole
from tests.support.waiting import until


def hearing(heard: list[bytes]) -> Callable[[bytes], Awaitable[None]]:
    """Returns a client that keeps what it hears."""

    async def hear(data: bytes) -> None:
        heard.append(data)

    return hear


class SlowCounter:
    """Counts, and says when it has begun."""

    def __init__(self, begun: asyncio.Event) -> None:
        self.begun, self.loop = begun, asyncio.get_running_loop()

    def count(self, text: str, model: str) -> int | None:
        self.loop.call_soon_threadsafe(self.begun.set)
        time.sleep(0.05)
        return COUNTER.count(text, model)


@pytest.mark.unhurried
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("moment", ["closing", "counting"])
async def test_a_client_that_goes_away_at_the_very_end_leaves_nothing_held(
    database: str, moment: str, stream: bool
) -> None:
    snapshot, reached = make_snapshot(), asyncio.Event()
    pieces = (event("one two"), DONE) if stream else (whole("one two"),)
    provider = Scripted(*pieces, content_type="text/event-stream" if stream else "application/json")

    class Slow(ScriptedAnswer):
        async def close(self) -> None:
            reached.set()
            await asyncio.sleep(0.05)
            await super().close()

    if moment == "closing":
        provider.answer = Slow(provider.answer.content_type, pieces)
    async with running_queue() as queue:
        run, carrier = await begun(queue, snapshot, provider, stream=stream)
        if moment == "counting":
            carrier._counter = SlowCounter(reached)
        carried = carrier.stream(run, lambda data: asyncio.sleep(0), describe) if stream else None
        task = asyncio.create_task(carried or carrier.whole(run, describe))
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await carrier._legs.keeper.drain(5)
    status = "released" if (moment, stream) == ("counting", False) else "settled"
    assert (balance(snapshot).held_nanos, receipt(snapshot).status) == (0, status)
    assert_books_balance()


@pytest.mark.parametrize("stream", [True, False])
async def test_a_connection_that_cannot_be_closed_is_charged_all_the_same(database: str, stream: bool) -> None:
    snapshot = make_snapshot()
    pieces = (event("one"), LAST, DONE) if stream else (whole("one", usage=USAGE),)
    provider = Scripted(*pieces, content_type="text/event-stream" if stream else "application/json")

    class Stuck(ScriptedAnswer):
        async def close(self) -> None:
            raise OSError("Stuck.")

    provider.answer = Stuck(provider.answer.content_type, pieces)
    async with running_queue() as queue:
        run, carrier = await begun(queue, snapshot, provider, stream=stream)
        with pytest.raises(OSError, match="Stuck"):
            if stream:
                await carrier.stream(run, lambda data: asyncio.sleep(0), describe)
            else:
                await carrier.whole(run, describe)
        await carrier._legs.keeper.drain(5)
    assert balance(snapshot) == Balance(NANOS - charge_of(run, 10, 20), 0)
    assert_books_balance()


async def test_a_counter_that_breaks_leaves_nothing_held(database: str) -> None:
    class Broken:
        def count(self, text: str, model: str) -> int | None:
            raise ValueError(text)

    snapshot = make_snapshot()
    async with running_queue() as queue:
        run, carrier = await begun(queue, snapshot, Scripted(event("one"), DONE), stream=True)
        carrier._counter = Broken()
        with pytest.raises(ValueError, match="Hello"):
            await carrier.stream(run, lambda data: asyncio.sleep(0), describe)
        await carrier._legs.keeper.drain(5)
    assert (balance(snapshot), receipt(snapshot).status) == (Balance(NANOS, 0), "released")


async def test_a_client_of_a_free_paywall_that_leaves_pays_nothing(database: str) -> None:
    snapshot = make_snapshot()
    snapshot = replace(snapshot, configuration=replace(snapshot.configuration, disconnect=Disconnect.FREE))
    async with running_queue() as queue:
        run, carrier = await begun(queue, snapshot, Scripted(event("one two"), None), stream=True)
        heard = list[bytes]()
        task = asyncio.create_task(carrier.stream(run, hearing(heard), describe))
        await until(lambda: heard)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    found = receipt(snapshot)
    assert (balance(snapshot), found.disconnect, found.charge) == (Balance(NANOS, 0), "free", "0")
    assert float(found.shortfall) > 0
    assert_books_balance()


async def test_what_still_runs_when_the_process_ends_is_cut_and_its_hold_ends(database: str) -> None:
    snapshot = make_snapshot()
    async with running_queue() as queue:
        run, carrier = await begun(queue, snapshot, Scripted(event("one two"), None), stream=True)
        chat = carrier._legs
        heard = list[bytes]()
        making = chat.keep(carrier.stream(run, hearing(heard), describe))
        await until(lambda: heard)
        await chat.keeper.drain(0.05)
        assert making.done() and not chat.keeper.running
    assert (balance(snapshot).held_nanos, receipt(snapshot).status) == (0, "settled")
    assert_books_balance()


@pytest.mark.unhurried
async def test_an_answer_that_was_charged_late_is_kept_without_the_error_that_its_client_got(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        asking, submit = Asking(queue, snapshot), queue.submit
        asking.use(Scripted(*STREAMED))
        failures = iter([False, True])  # the hold lands, the settlement does not at first

        def fails_once(operation: Operation, beside: Rows) -> Awaitable[Applied]:
            return unanswered() if next(failures, False) else submit(operation, beside)

        monkeypatch.setattr(queue, "submit", fails_once)
        with pytest.raises(Unavailable):
            await asking.answer()
        assert await asking.answer() == (b"".join([event("one "), event("two"), DONE]), True)
    assert len(asking.runs) == 1
    assert_books_balance()


async def test_a_whole_answer_whose_client_left_is_carried_to_its_end_and_says_so(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        asking = Asking(queue, snapshot, is_stream=False)
        asking.use(Scripted(whole("Hi", usage=USAGE), content_type="application/json"))
        recording, _ = asking.ask(None)
        recording.leave()
        await asking.chat.keeper.drain(5)
    found = receipt(snapshot, asking.runs[0].id)
    assert (found.status, found.disconnect, found.lines[-1].tokens) == ("settled", "drain", 20)
    assert_books_balance()
