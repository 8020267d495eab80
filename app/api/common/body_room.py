"""Room for the long bodies of one process: how many bytes of them may be under way together, and of one paywall half.

Of the operator's paywall, whose callers are strangers to each other, each account has a part of that half.

Who finds none waits a while, before its body is read, and is refused then: nothing was charged.
"""

import asyncio
import weakref
from collections import Counter, deque
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from app import wiring
from app.domain.errors import Unavailable

LONG_BYTES = 200_000
"""Shorter bodies need no room: the number of connections bounds them, and they never wait behind long ones."""
WAIT_SECONDS_MAX = 20.0
PAYWALL_SHARES = 2
"""One paywall may have this part of the room, so that its clients keep nobody else's out."""
ACCOUNT_SHARES = 4
"""One account may have this part of its paywall's: whoever asks a host of their own, which reads nothing, keeps their
bodies here for as long as they like, and pays for none."""


class Taker(NamedTuple):
    """Who takes room: a paywall, or an account of the operator's, which has its own key."""

    paywall_id: str
    account_id: str = ""

    @property
    def paywall(self) -> "Taker":
        """The paywall alone."""
        return Taker(self.paywall_id)


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """Somebody who waits: for whom, and for how many bytes."""

    taker: Taker
    size: int
    granted: asyncio.Future[None]


class BodyRoom:
    """How much is taken, by whom, and who waits. Belongs to one event loop.

    The paywall that has least comes next, and its clients in their order: neither is overtaken for ever.
    """

    def __init__(self) -> None:
        self._taken: Counter[Taker] = Counter()
        self._waiting: dict[str, deque[_Place]] = {}
        self.taken_bytes = 0

    async def take(self, taker: Taker, size: int) -> None:
        """Returns once there is room. Raises Unavailable where there is none in time.

        What is larger than the room, or than a part of it, has that alone.
        """
        place = _Place(taker, size, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(taker.paywall_id, deque()).append(place)
        self._grant()
        has_it = False
        try:
            async with asyncio.timeout(WAIT_SECONDS_MAX):
                await place.granted
            has_it = True
        except TimeoutError:
            message = "Too many long requests are under way; nothing was charged. Try again soon."
            raise Unavailable(message) from None
        finally:
            if not has_it:
                self._leave(place)

    def give(self, taker: Taker, size: int) -> None:
        """Gives room back."""
        self._add(taker, -size)
        self._grant()

    def _leave(self, place: _Place) -> None:
        """Forgets somebody who waits no longer; what was granted at that very moment is given back."""
        if not place.granted.cancel() and not place.granted.cancelled():
            self._add(place.taker, -place.size)
        self._grant()

    def _add(self, taker: Taker, size: int) -> None:
        self.taken_bytes += size
        for one in {taker, taker.paywall}:
            self._taken[one] += size
            if not self._taken[one]:
                del self._taken[one]

    def _grant(self) -> None:
        """Lets those in who fit; who waits for its own paywall alone holds nobody else up."""
        most = wiring.get().settings.bodies_bytes_max
        while True:
            part = most // PAYWALL_SHARES
            heads = [place for place in self._heads(part) if self._fits(place.taker.paywall, place.size, part)]
            place = min(heads, key=lambda head: self._taken[head.taker.paywall], default=None)
            if place is None or (self.taken_bytes and self.taken_bytes + place.size > most):
                return
            self._waiting[place.taker.paywall_id].remove(place)
            self._add(place.taker, place.size)
            place.granted.set_result(None)

    def _fits(self, taker: Taker, size: int, part: int) -> bool:
        own = self._taken[taker]
        return not own or own + size <= part

    def _heads(self, part: int) -> list[_Place]:
        """Returns who is next of each paywall: past those who have left, and those whose account has its part."""
        heads = []
        for paywall_id, queue in tuple(self._waiting.items()):
            while queue and queue[0].granted.done():
                queue.popleft()
            if not queue:
                del self._waiting[paywall_id]
            open_ = (place for place in queue if not place.granted.done() and self._may_have(place, part))
            heads += list(islice(open_, 1))
        return heads

    def _may_have(self, place: _Place, part: int) -> bool:
        """Tells whether an account may have more, a paywall itself whatever it has."""
        return not place.taker.account_id or self._fits(place.taker, place.size, part // ACCOUNT_SHARES)


ROOM = BodyRoom()


@dataclass(slots=True)
class Share:
    """What one request has taken; it begins with nothing."""

    taker: Taker
    room: BodyRoom = field(default_factory=lambda: ROOM)
    size: int = 0
    _is_followed: bool = False

    async def take(self, size: int) -> None:
        """Waits for as much, if it has none yet. Raises Unavailable as the room does."""
        if not self.size:
            await self.room.take(self.taker, size)
            self.size = size

    def shrink(self, size: int) -> None:
        """Gives back what is more than `size`."""
        if self.size > size:
            more, self.size = self.size - size, size
            self.room.give(self.taker, more)

    def follow(self, request: object) -> None:
        """Ends together with a request and not before, whoever still carries it: a retry's answer, or a task."""
        if self.size:
            self._is_followed = True
            loop, room, taker, size = asyncio.get_running_loop(), self.room, self.taker, self.size
            weakref.finalize(request, _give_later, loop, room, taker, size).atexit = False

    def leave(self) -> None:
        """Ends, unless it follows a request."""
        if self.size and not self._is_followed:
            self.shrink(0)


def _give_later(loop: asyncio.AbstractEventLoop, room: BodyRoom, taker: Taker, size: int) -> None:
    """Gives room back from whichever thread had the last of a request."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(room.give, taker, size)
