"""Each kind of work has threads of its own, and a queue that refuses."""

import asyncio
import threading
import weakref

import pytest

from app.domain.errors import Unavailable
from app.threads import Threads


async def test_work_is_done_in_a_thread_of_its_kind() -> None:
    assert (await Threads("spin", 1, 1).run(lambda: threading.current_thread().name)).startswith("spin")


async def test_what_waits_behind_too_much_is_refused_and_what_must_be_done_is_not() -> None:
    threads, gate = Threads("spin", 1, 1), threading.Event()
    first, second = (asyncio.create_task(threads.run(gate.wait)) for _ in range(2))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="waiting to spin"):
        await threads.run(gate.wait)
    sure = asyncio.create_task(threads.run_surely(gate.wait))
    await asyncio.sleep(0)
    gate.set()
    assert await asyncio.gather(first, second, sure) == [True, True, True]
    assert threads.under_way == 0 and await threads.run(gate.wait)


async def test_work_whose_caller_is_gone_counts_until_it_has_ended() -> None:
    threads, gate, has_ended = Threads("spin", 1, 0), threading.Event(), threading.Event()

    def work() -> None:
        gate.wait()
        has_ended.set()

    caller = asyncio.create_task(threads.run(work))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    with pytest.raises(Unavailable):
        await threads.run(work)
    gate.set()
    await asyncio.to_thread(has_ended.wait)


async def test_callers_who_leave_before_their_turn_leave_their_places_to_others() -> None:
    threads, gate, begun = Threads("spin", 1, 2), threading.Event(), list[str]()
    running = asyncio.create_task(threads.run(gate.wait))
    try:
        for _ in range(10):
            waiting = asyncio.create_task(threads.run(begun.append, "left"))
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        assert threads.under_way == 1
    finally:
        gate.set()
    assert await running and await threads.run(len, "abc") == 3
    assert threads.under_way == 0 and not begun


async def test_what_a_caller_who_left_would_have_worked_on_is_let_go_before_its_turn() -> None:
    threads, gate, held = Threads("spin", 1, 2), threading.Event(), Held()
    running, is_gone = asyncio.create_task(threads.run(gate.wait)), weakref.ref(held)
    try:
        waiting = asyncio.create_task(threads.run(repr, held))
        del held
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait((waiting,))
        del waiting
        assert is_gone() is None
    finally:
        gate.set()
    assert await running


class Held:
    """Something large."""


async def test_what_fails_fails_for_its_caller_alone() -> None:
    threads = Threads("spin", 1, 1)
    with pytest.raises(ZeroDivisionError):
        await threads.run(lambda: 1 // 0)
    assert await threads.run(lambda: 1) == 1 and threads.under_way == 0


async def test_one_kind_of_work_waits_for_no_other() -> None:
    slow, quick, gate = Threads("slow", 1, 9), Threads("quick", 1, 9), threading.Event()
    waiting = asyncio.create_task(slow.run(gate.wait))
    assert await quick.run(lambda: "done") == "done"
    gate.set()
    assert await waiting
