"""What outlives its caller is waited for, and cut when that takes too long."""

import asyncio

from app.keeper import Keeper


async def test_the_end_waits_for_what_runs_and_for_what_that_begins() -> None:
    finishing, done = Keeper(), list[str]()

    async def second() -> None:
        await asyncio.sleep(0.01)
        done.append("second")

    async def first() -> None:
        await asyncio.sleep(0.01)
        finishing.keep(second())
        done.append("first")

    finishing.keep(first())
    await finishing.drain(5)
    assert (done, finishing.running) == (["first", "second"], set())


async def test_what_takes_too_long_is_cut_and_may_end_well() -> None:
    finishing, ended = Keeper(), list[str]()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            ended.append("well")

    task = finishing.keep(work())
    await finishing.drain(0.02)
    assert task.cancelled() and ended == ["well"]


async def test_anything_that_can_be_awaited_is_kept() -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    kept = Keeper().keep(future)
    future.set_result(7)
    assert await kept == 7
