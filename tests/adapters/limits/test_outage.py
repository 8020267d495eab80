"""While what counts limits is away, nobody gets through or each process counts alone; its return needs nobody."""

import asyncio
from collections.abc import Sequence

import pytest
from structlog.testing import capture_logs

from app.adapters.limits.memory import MemoryLimits
from app.adapters.limits.outage import PAUSE_SECONDS, OutageProof
from app.domain.errors import Unavailable
from app.ports.limits import Take, Taken
from tests.support.limit_counting import Clock

TAKE, SLOT = Take("user", 2), Take("slots", 1, is_slot=True)


class Shared(MemoryLimits):
    """A counter that can be away; `asked` counts how often it was asked."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.is_away, self.asked = False, 0

    async def take(self, ticket: str, takes: Sequence[Take]) -> Taken:
        self._meet()
        return await super().take(ticket, takes)

    async def correct(self, ticket: str, takes: Sequence[Take], at: int, amounts: Sequence[int]) -> None:
        self._meet()
        await super().correct(ticket, takes, at, amounts)

    def _meet(self) -> None:
        self.asked += 1
        if self.is_away:
            raise Unavailable("Away.")


async def test_closed_lets_nobody_through_until_it_is_back() -> None:
    clock = Clock()
    shared = Shared(clock)
    limits = OutageProof(shared, None, clock)
    await limits.take("req_1", [TAKE])
    shared.is_away = True
    for _ in range(5):
        with pytest.raises(Unavailable, match="nothing was charged"):
            await limits.take("req_2", [TAKE])
    assert shared.asked == 2, "it is not asked again by each"
    shared.is_away = False
    clock.seconds += PAUSE_SECONDS
    assert (await limits.take("req_2", [TAKE])).counted[0].used == 2
    assert (await limits.take("req_3", [TAKE])).refused == 0


async def test_open_counts_alone_meanwhile_and_gives_back_where_it_took() -> None:
    clock = Clock()
    shared, alone = Shared(clock), MemoryLimits(clock)
    limits = OutageProof(shared, alone, clock)
    before = await limits.take("req_1", [SLOT])
    shared.is_away = True
    with capture_logs() as said:
        during = await limits.take("req_2", [SLOT])
    assert [line["step"] for line in said] == ["away"]
    assert (await limits.take("req_3", [SLOT])).refused == 0
    assert limits._counted_alone == {"req_2"}, "who was refused has nothing to give back, and is not remembered"
    await limits.correct("req_1", [SLOT], before.slice, [0])  # cannot be said; nobody fails for that
    shared.is_away = False
    clock.seconds += PAUSE_SECONDS
    assert (await limits.take("req_3", [SLOT])).refused == 0, "it still counts the one that could not be given back"
    await limits.correct("req_2", [SLOT], during.slice, [0])
    assert (await alone.take("req_4", [SLOT])).refused is None
    await limits.close()


class Hanging(Shared):
    """Is away, and lets everybody wait before it says so."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.ends = asyncio.Event()

    async def take(self, ticket: str, takes: Sequence[Take]) -> Taken:
        self.asked += 1
        await self.ends.wait()
        raise Unavailable("Away.")


async def test_while_one_tries_whether_it_is_back_nobody_else_waits() -> None:
    clock = Clock()
    shared = Hanging(clock)
    limits = OutageProof(shared, MemoryLimits(clock), clock)
    shared.ends.set()
    await limits.take("req_1", [SLOT])
    shared.ends.clear()
    clock.seconds += PAUSE_SECONDS
    trying = asyncio.create_task(limits.take("req_2", [TAKE]))
    await asyncio.sleep(0)
    async with asyncio.timeout(1):
        assert (await limits.take("req_3", [TAKE])).refused is None
    assert shared.asked == 2 and not trying.done()
    shared.ends.set()
    await trying
