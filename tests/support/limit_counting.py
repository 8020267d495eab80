"""What every counter of limits promises, run on memory by tests/flows and on Redis by tests/adapters.

Its window is a minute of ticks, however long a tick lasts; `wait` lets some pass.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count

from app.ports.limits import LimitCounter, Take, Taken

_names = count()

Promise = Callable[["Counting"], Awaitable[None]]


@dataclass
class Counting:
    """A counter, and a way to let part of its window pass: 1 is all of it."""

    counter: LimitCounter
    pass_time: Callable[[float], Awaitable[None]]

    def name(self) -> str:
        """Returns something that was never counted before."""
        return f"pw_test:user:{next(_names)}"

    async def take(self, *takes: Take, ticket: str = "req_1") -> Taken:
        return await self.counter.take(ticket, takes)


async def lets_through_exactly_the_limit(counting: Counting) -> None:
    take = Take(counting.name(), 3)
    taken = [await counting.take(take) for _ in range(5)]
    assert [each.refused for each in taken] == [None, None, None, 0, 0]
    assert [each.counted[0].used for each in taken] == [1, 2, 3, 3, 3]
    assert taken[3].wait_seconds > 0 and taken[0].counted[0].reset_seconds > 0


async def never_more_than_the_limit_from_64_at_once(counting: Counting) -> None:
    rate, slots = Take(counting.name(), 20), Take(counting.name(), 10, is_slot=True)
    rated = await asyncio.gather(*(counting.take(rate, ticket=f"req_{each}") for each in range(64)))
    assert sum(taken.refused is None for taken in rated) == 20
    slotted = await asyncio.gather(*(counting.take(slots, ticket=f"req_{each}") for each in range(64)))
    assert sum(taken.refused is None for taken in slotted) == 10


async def all_limits_or_none_are_taken(counting: Counting) -> None:
    wide, narrow, slot = Take(counting.name(), 100), Take(counting.name(), 1), Take(counting.name(), 9, is_slot=True)
    assert (await counting.take(wide, narrow, slot)).refused is None
    refused = await counting.take(wide, narrow, slot, ticket="req_2")
    assert refused.refused == 1 and [each.used for each in refused.counted] == [1, 1, 1]
    assert [each.used for each in (await counting.take(wide, slot, ticket="req_3")).counted] == [2, 2]


async def what_was_taken_leaves_after_its_minute_and_not_before(counting: Counting) -> None:
    take = Take(counting.name(), 2)
    await counting.take(take)
    await counting.pass_time(0.5)
    await counting.take(take)
    refused = await counting.take(take)
    assert refused.refused == 0
    await counting.pass_time(0.6)
    again = await counting.take(take)
    assert (again.refused, again.counted[0].used) == (None, 2)
    assert (await counting.take(take)).refused == 0
    await counting.pass_time(1.1)
    assert (await counting.take(take)).counted[0].used == 1


async def the_limit_that_lets_wait_longest_is_the_one_that_is_named(counting: Counting) -> None:
    early, late = Take(counting.name(), 1), Take(counting.name(), 1)
    await counting.take(early)
    await counting.pass_time(0.4)
    await counting.take(late)
    for takes, longest in (((early, late), 1), ((late, early), 0)):
        refused = await counting.take(*takes)
        assert refused.refused == longest
        assert (
            refused.wait_seconds == refused.counted[longest].reset_seconds > refused.counted[1 - longest].reset_seconds
        )


async def who_waits_as_long_as_told_gets_through(counting: Counting, minute_seconds: float) -> None:
    take = Take(counting.name(), 1)
    await counting.take(take)
    await counting.pass_time(0.3)
    refused = await counting.take(take)
    assert refused.wait_seconds <= 0.72 * minute_seconds
    await counting.pass_time(refused.wait_seconds / minute_seconds)
    assert (await counting.take(take)).refused is None


async def real_use_corrects_what_was_counted(counting: Counting) -> None:
    take = Take(counting.name(), 100, 60)
    first = await counting.take(take)
    assert (await counting.take(take, ticket="req_2")).refused == 0
    await counting.counter.correct("req_1", [take], first.slice, [10])
    second = await counting.take(take, ticket="req_2")
    assert second.counted[0].used == 70
    await counting.counter.correct("req_2", [take], second.slice, [200])
    assert (await counting.take(Take(take.name, 100, 1))).refused == 0
    assert (await counting.take(Take(take.name, 1_000, 1))).counted[0].used == 211


async def what_used_more_than_expected_is_counted_from_the_moment_it_is_known(counting: Counting) -> None:
    take = Take(counting.name(), 100, 60)
    first = await counting.take(take)
    await counting.pass_time(1.1)
    await counting.counter.correct("req_1", [take], first.slice, [90])
    assert (await counting.take(take, ticket="req_2")).counted[0].used == 90
    await counting.counter.correct("req_1", [take], first.slice, [0])  # its own minute is long over
    assert (await counting.take(Take(take.name, 100, 10), ticket="req_3")).counted[0].used == 100


async def a_slot_is_kept_until_it_is_given_back(counting: Counting) -> None:
    slot = Take(counting.name(), 2, is_slot=True)
    one = await counting.take(slot, ticket="req_1")
    await counting.take(slot, ticket="req_2")
    refused = await counting.take(slot, ticket="req_3")
    assert refused.refused == 0 and refused.wait_seconds > 0
    for _ in range(2):  # twice frees no second slot
        await counting.counter.correct("req_1", [slot], one.slice, [0])
    assert (await counting.take(slot, ticket="req_3")).refused is None
    assert (await counting.take(slot, ticket="req_4")).refused == 0


PROMISES: tuple[Promise, ...] = (
    lets_through_exactly_the_limit,
    never_more_than_the_limit_from_64_at_once,
    all_limits_or_none_are_taken,
    what_was_taken_leaves_after_its_minute_and_not_before,
    the_limit_that_lets_wait_longest_is_the_one_that_is_named,
    real_use_corrects_what_was_counted,
    what_used_more_than_expected_is_counted_from_the_moment_it_is_known,
    a_slot_is_kept_until_it_is_given_back,
)


class Clock:
    """A clock that stands still until it is turned."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds

    async def pass_time(self, part: float) -> None:
        self.seconds += part * 60
