"""Writes down which models this process leaves alone, behind the request that learned it, for operators to read."""

import asyncio
from functools import partial

from app import db
from app.domain.routing import kept
from app.domain.routing.breaker import CLOSED, Breaker, BreakerName
from app.each_alone import alone
from app.flows.providers.breakers import Breakers
from app.keeper import Keeper


def noted_breakers(keeper: Keeper, process: str) -> Breakers:
    """Returns the breakers of a process, each of which is written down whenever it opens, is tried or closes."""
    notes = _Notes(keeper, process)
    return Breakers(notes.changed)


class _Notes:
    """What is written is how a breaker stands when its turn comes, so that the last word is the newest."""

    def __init__(self, keeper: Keeper, process: str) -> None:
        self._keeper, self._process = keeper, process
        self._newest: dict[BreakerName, Breaker] = {}
        self._turn = asyncio.Lock()

    def changed(self, name: BreakerName, breaker: Breaker) -> None:
        """Has a change written; one that waits already is written as it is by then."""
        is_waiting = name in self._newest
        self._newest[name] = breaker
        if not is_waiting:
            self._keeper.keep(alone("breakers", name.model, partial(self._write, name)))

    async def _write(self, name: BreakerName) -> None:
        async with self._turn:
            newest = self._newest.pop(name, CLOSED)
            await db.in_transaction(partial(kept.note, process=self._process, name=name, breaker=newest), writes=True)
