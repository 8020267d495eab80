"""A playground is asked as often as it may be, and refuses in words that its visitor understands."""

import asyncio
from collections.abc import Sequence

import pytest

from app.adapters.limits.memory import MemoryLimits
from app.domain.errors import LimitReached
from app.flows.playground.bounds import REQUESTS_PER_MINUTE, Bounds, Entry
from app.keeper import Keeper
from app.ports.limits import LimitCounter, Take, Taken


class Playing:
    """A playground whose clock a test moves."""

    def __init__(self, minute: LimitCounter | None = None) -> None:
        self.now = 1_000.0
        self.keeper = Keeper()
        self.hour = MemoryLimits(lambda: self.now, 10 / 60)
        self.bounds = Bounds(minute or MemoryLimits(lambda: self.now), self.hour)
        self.count = 0

    async def enter(self, address: str = "10.0.0.1", per_hour: int = 200, paywall_id: str = "pw_1") -> Entry:
        self.count += 1
        return await self.bounds.enter(paywall_id, per_hour, address, f"req_{self.count}", self.keeper.keep)

    async def ask(self, address: str = "10.0.0.1", per_hour: int = 200, *, is_answered: bool = True) -> None:
        await self.bounds.leave(await self.enter(address, per_hour), is_answered=is_answered)

    async def refused(self, address: str = "10.0.0.1", per_hour: int = 200) -> LimitReached:
        with pytest.raises(LimitReached) as refusal:
            await self.enter(address, per_hour)
        return refusal.value


async def test_an_address_asks_one_at_a_time_over_all_playgrounds_and_others_are_not_kept_waiting() -> None:
    playing = Playing()
    entry = await playing.enter()
    refusal = await playing.refused()
    assert refusal.code == "concurrency" and "still running" in refusal.message
    with pytest.raises(LimitReached):
        await playing.enter(paywall_id="pw_2")
    await playing.ask("10.0.0.2")
    await playing.bounds.leave(entry, is_answered=True)
    await playing.ask()


async def test_an_address_asks_twenty_times_a_minute_links_among_them() -> None:
    playing = Playing()
    for number in range(REQUESTS_PER_MINUTE):
        await playing.ask("2001:db8::1", is_answered=bool(number % 2))
    refusal = await playing.refused("2001:db8::2")  # of the same line
    assert refusal.code == "requests_per_minute" and refusal.message.endswith("Send again in 61 s.")
    assert refusal.retry_after_seconds == 61
    await playing.ask("2001:db8:0:1::1")
    playing.now += 61
    await playing.ask("2001:db8::1")


async def test_all_together_get_as_many_answers_an_hour_as_the_owner_says_and_links_use_up_none() -> None:
    playing = Playing()
    for number in range(7):
        await playing.ask(f"10.0.0.{number}", 3, is_answered=number % 3 == 0)
    refusal = await playing.refused("10.0.1.1", 3)
    assert refusal.code == "requests_per_hour" and "gives 3 answers an hour" in refusal.message
    assert "61 minutes" in refusal.message
    assert (await playing.refused("10.0.1.1", 3)).code == "requests_per_hour"  # and its slot was given back
    await playing.ask("10.0.1.1", 4)
    playing.now += 3_700
    await playing.ask("10.0.1.1", 3)


async def test_the_hour_of_a_paywall_is_its_own() -> None:
    playing = Playing()
    await playing.ask(per_hour=1)
    entry = await playing.enter(per_hour=1, paywall_id="pw_2")
    await playing.bounds.leave(entry, is_answered=True)
    assert (await playing.refused(per_hour=1)).code == "requests_per_hour"


class Slow(MemoryLimits):
    """Answers once it is let, as one that others count in does."""

    def __init__(self) -> None:
        super().__init__()
        self.is_let = asyncio.Event()

    async def take(self, ticket: str, takes: Sequence[Take]) -> Taken:
        await self.is_let.wait()
        return await super().take(ticket, takes)


async def test_whoever_goes_away_while_they_are_counted_leaves_no_slot_behind() -> None:
    slow = Slow()
    playing = Playing(slow)
    asking = asyncio.create_task(playing.enter())
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    slow.is_let.set()
    await playing.keeper.drain(10)
    await playing.ask()
