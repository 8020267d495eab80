"""Limits counted in a real Redis keep every counter's promises, between processes and when it goes away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import Any

import pytest

from app.adapters.limits import redis
from app.adapters.limits.redis import WINDOW_SLICES, RedisLimits
from app.domain.errors import Unavailable
from app.ports.limits import Take
from tests.emulators import redis_server
from tests.emulators.redis_server import RedisServer
from tests.support import limit_counting
from tests.support.limit_counting import Counting
from tests.support.waiting import LOOK_SECONDS, SECONDS_MAX

pytestmark = pytest.mark.redis

MINUTE_SECONDS = 1.2
"""A minute of this test, so that nobody waits for a real one."""
SLICE_MICROSECONDS = int(MINUTE_SECONDS * 1_000_000 / WINDOW_SLICES)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits for a Redis that answers for longer than the product does: a busy machine opens no 64 lines in a second."""
    monkeypatch.setattr(redis, "ANSWER_SECONDS_MAX", 30)


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server.running() as started:
        yield started


@pytest.fixture
async def counter(server: RedisServer) -> AsyncIterator[RedisLimits]:
    made = RedisLimits(server.url, 30, SLICE_MICROSECONDS)
    yield made
    await made.close()


@pytest.fixture
def counting(counter: RedisLimits) -> Counting:
    return Counting(counter, lambda part: asyncio.sleep(part * MINUTE_SECONDS))


@pytest.mark.parametrize("promise", limit_counting.PROMISES, ids=lambda promise: promise.__name__)
async def test_it_keeps_what_a_counter_promises(promise: limit_counting.Promise, counting: Counting) -> None:
    await promise(counting)


async def test_who_waits_as_long_as_told_gets_through(counting: Counting) -> None:
    await limit_counting.who_waits_as_long_as_told_gets_through(counting, MINUTE_SECONDS)


async def test_64_at_once_for_some_minutes_never_get_more_than_the_limit_in_any_of_them(
    server: RedisServer,
) -> None:
    counters = [RedisLimits(server.url, 30, SLICE_MICROSECONDS) for _ in range(2)]
    take, seen = Take("pw_test:paywall:busy", 40), list[int]()
    end = asyncio.get_running_loop().time() + 3 * MINUTE_SECONDS

    async def ask(number: int) -> None:
        while asyncio.get_running_loop().time() < end:
            taken = await counters[number % 2].take(f"req_{number}", [take])
            if taken.refused is None:
                seen.append(taken.slice)
            await asyncio.sleep(0.01)

    try:
        await asyncio.gather(*(ask(number) for number in range(64)))
    finally:
        await asyncio.gather(*(counter.close() for counter in counters))
    assert 80 <= len(seen) <= 160
    for begin in seen:
        assert sum(begin <= at < begin + WINDOW_SLICES for at in seen) <= 40


async def test_slots_of_a_process_that_is_gone_run_out_and_those_of_a_living_one_do_not(server: RedisServer) -> None:
    alive, other = RedisLimits(server.url, 2), RedisLimits(server.url, 2)
    slot = Take("pw_test:user:slots", 2, is_slot=True)
    kept = await alive.take("req_alive", [slot])
    await other.take("req_lost", [slot])
    assert (await alive.take("req_3", [slot])).refused == 0
    await other.close()  # as kill -9 does: nothing is given back, nothing renewed
    third = await alive.take("req_3", [slot])
    async with asyncio.timeout(SECONDS_MAX):
        while third.refused is not None:
            await asyncio.sleep(LOOK_SECONDS)
            third = await alive.take("req_3", [slot])
    assert (third.refused, third.counted[0].used) == (None, 2), "one is free again, and one is still held"
    assert (await alive.take("req_4", [slot])).refused == 0
    await alive.correct("req_alive", [slot], kept.slice, [0])
    await asyncio.sleep(0.5)
    assert (await alive.take("req_4", [slot])).refused is None
    await alive.close()


async def test_redis_that_goes_away_is_said_and_its_return_needs_nothing(server: RedisServer) -> None:
    with redis_server.running() as own:
        counter, take = RedisLimits(own.url, 30), Take("pw_test:user:away", 5)
        assert (await counter.take("req_1", [take])).refused is None
        own.kill()
        for _ in range(2):
            with pytest.raises(Unavailable, match="Redis is away"):
                await counter.take("req_2", [take])
        own.start()
        assert (await counter.take("req_3", [take])).counted[0].used == 1
        await counter.close()


async def test_a_slot_is_renewed_whatever_came_between_and_never_after_its_end(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter, slot = RedisLimits(server.url, 1.5), Take("pw_test:user:renewed", 1, is_slot=True)
    first = await counter.take("req_1", [slot])
    assert (await counter.take("req_2", [slot])).refused == 0
    assert counter._kept == {(slot.name, "req_1")}, "who was refused has nothing to renew"
    await counter.correct("req_1", [slot], first.slice, [0])
    await counter._renew([redis.PREFIX + slot.name], [*counter._head, "req_1"])  # it was under way already
    await asyncio.sleep(0.75)  # nothing runs, and renewing has ended
    assert (await counter.take("req_3", [slot])).refused is None
    answer, failures = redis._answer, iter([True])

    async def fail_once(call: Awaitable[Any]) -> Any:
        if next(failures, False):
            await call
            raise Unavailable("Away.")
        return await answer(call)

    monkeypatch.setattr(redis, "_answer", fail_once)
    await asyncio.sleep(2)
    assert (await counter.take("req_4", [slot])).refused == 0
    await counter.close()


async def test_redis_that_never_answers_is_away_and_is_not_asked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis, "ANSWER_SECONDS_MAX", 1)
    asked = []

    async def keep_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(1)
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(keep_silent, "127.0.0.1", 0)
    host, port = silent.sockets[0].getsockname()
    counter = RedisLimits(f"redis://{host}:{port}/0", 30)
    with pytest.raises(Unavailable, match="Redis is away"):
        await counter.take("req_1", [Take("pw_test:user:silent", 5)])
    assert len(asked) == 1
    await counter.close()
    silent.close()


async def test_it_says_the_whole_of_what_is_left_of_a_minute(server: RedisServer) -> None:
    counter, take, loop = RedisLimits(server.url, 30), Take("pw_test:user:minute", 1), asyncio.get_running_loop()
    began = loop.time()
    await counter.take("req_1", [take])
    refused = await counter.take("req_2", [take])
    assert refused.wait_seconds + loop.time() - began > 60 and refused.wait_seconds <= 60.1
    await counter.close()
