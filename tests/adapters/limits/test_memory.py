"""Limits counted in memory keep every counter's promises, by a clock that the test turns."""

import pytest

from app.adapters.limits.memory import MemoryLimits
from app.ports.limits import Take
from tests.support import limit_counting
from tests.support.limit_counting import Clock, Counting


@pytest.fixture
def counting() -> Counting:
    clock = Clock()
    return Counting(MemoryLimits(clock), clock.pass_time)


@pytest.mark.parametrize("promise", limit_counting.PROMISES, ids=lambda promise: promise.__name__)
async def test_it_keeps_what_a_counter_promises(promise: limit_counting.Promise, counting: Counting) -> None:
    await promise(counting)


async def test_who_waits_as_long_as_told_gets_through(counting: Counting) -> None:
    await limit_counting.who_waits_as_long_as_told_gets_through(counting, 60)


async def test_what_nothing_is_counted_in_is_forgotten() -> None:
    clock = Clock()
    counter = MemoryLimits(clock)
    for number in range(1_000):
        await counter.take("req", [Take(f"user:{number}", 5)])
    slot = Take("user:slot", 5, is_slot=True)
    await counter.correct("req", [slot], (await counter.take("req", [slot])).slice, [0])
    await clock.pass_time(2)
    await counter.take("req", [Take("user:x", 5)])
    assert (set(counter._windows), counter._slots) == ({"user:x"}, {})
    await counter.close()
    assert not counter._windows
