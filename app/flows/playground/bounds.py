"""How often playgrounds may be asked: so often a minute and one at a time from an address, so often an hour in all.

They are asked by whoever has an address, so these bounds stand in front of all that a request costs the instance. The
developer's own limits count behind them as for any caller.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from app.domain.errors import CoinslotError, LimitReached
from app.domain.network import network_of
from app.flows.limits.limiter import Keep
from app.ports.limits import LimitCounter, Take, Taken

REQUESTS_PER_MINUTE = 20
RUNNING = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """A request that the bounds let in, until it ends, and what it took where and when: of its address, of the hour."""

    ticket: str
    of_address: tuple[Take, ...]
    address_at: int
    of_hour: tuple[Take, ...]
    hour_at: int


class Bounds:
    """The bounds of all playgrounds in one process. `minute` counts in windows of a minute, `hour` of an hour."""

    def __init__(self, minute: LimitCounter, hour: LimitCounter) -> None:
        self._minute, self._hour = minute, hour

    async def enter(self, paywall_id: str, per_hour: int, address: str, ticket: str, keep: Keep) -> Entry:
        """Counts a request, or nothing of it stays if its client goes away meanwhile. Raises LimitReached, Unavailable.

        An address is counted over all playgrounds.
        """
        entering = keep(self._enter(paywall_id, per_hour, f"playground:{network_of(address)}", ticket))
        try:
            return await asyncio.shield(entering)
        except asyncio.CancelledError:
            keep(self._leave_later(entering))
            raise

    async def leave(self, entry: Entry, *, is_answered: bool) -> None:
        """Lets the next request of the address in. The hour counts answers of models only: a link costs nothing, and
        whoever sends them may not use up what is there for others.
        """
        await self._hour.correct(entry.ticket, entry.of_hour, entry.hour_at, (int(is_answered),))
        await self._minute.correct(entry.ticket, entry.of_address, entry.address_at, (1, 0))

    async def _enter(self, paywall_id: str, per_hour: int, name: str, ticket: str) -> Entry:
        of_address = (Take(f"{name}:minute", REQUESTS_PER_MINUTE), Take(f"{name}:running", RUNNING, is_slot=True))
        of_hour = (Take(f"playground:{paywall_id}:hour", per_hour),)
        taken = await self._minute.take(ticket, of_address)
        if taken.refused is not None:
            raise _minute_reached(taken)
        is_in = False
        try:
            hour = await self._hour.take(ticket, of_hour)
            is_in = hour.refused is None
        finally:
            if not is_in:
                await self._minute.correct(ticket, of_address, taken.slice, (1, 0))
        if not is_in:
            raise _hour_reached(hour, per_hour)
        return Entry(ticket, of_address, taken.slice, of_hour, hour.slice)

    async def _leave_later(self, entering: "asyncio.Task[Entry]") -> None:
        with suppress(CoinslotError):  # who was refused has taken nothing
            await self.leave(await entering, is_answered=False)


def _minute_reached(taken: Taken) -> LimitReached:
    seconds = _whole(taken.wait_seconds)
    if taken.refused == 1:
        message = "An answer is still running for your network address. Wait for its end, or stop it, and send again."
        return LimitReached(message, "concurrency", seconds)
    message = f"A playground takes {REQUESTS_PER_MINUTE} messages a minute from one address. Send again in {seconds} s."
    return LimitReached(message, "requests_per_minute", seconds)


def _hour_reached(taken: Taken, per_hour: int) -> LimitReached:
    seconds = _whole(taken.wait_seconds)
    minutes = -(-seconds // 60)
    when = "a minute" if minutes == 1 else f"{minutes} minutes"
    message = f"This playground gives {per_hour:,} answers an hour, and has given them. Send again in {when}."
    return LimitReached(message, "requests_per_hour", seconds)


def _whole(seconds: float) -> int:
    return max(-int(-seconds // 1), 1)
