"""A paywall with limits, and chats that meet them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import pytest

from app import db
from app.domain import clock
from app.domain.errors import LimitReached
from app.domain.limits.spending import left_nanos, spend_limits
from app.domain.money import NANOS, Environment
from app.domain.paywalls import keys
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.limits import Limits, PaywallLimits
from app.domain.paywalls.modes import Mode
from app.domain.pricing.quote import Tokens
from app.domain.usage.requests import Metered
from app.flows.callers.asked import Ask
from app.flows.callers.snapshot import Snapshot, read_snapshot
from app.flows.chat.answer import Carrier
from app.flows.chat.call import Run
from app.flows.limits.limiter import Limiter
from tests.support import books
from tests.support.books import PRICE, give, make_paywall, running_queue
from tests.support.chat import Chat
from tests.support.scripted import COUNTER, Scripted, limiter, request

_numbers = count()


def limited_snapshot(limits: PaywallLimits, mode: Mode = Mode.DEFAULT) -> tuple[Snapshot, str]:
    """Creates a paywall with limits and a key, and returns what the key stands for, and the key."""
    key = keys.new_key(Environment.SANDBOX)
    with db.transaction() as session:
        paywall_id = make_paywall(session, {"demo-mini": PRICE}, mode=mode)
        _, current = read_current(session, paywall_id)
        books.publish(session, paywall_id, replace(current, limits=limits))
        keys.add_key(session, paywall_id, key)
        return read_snapshot(session, key), key


@dataclass
class Chats:
    """The chats of one process in one paywall."""

    snapshot: Snapshot
    key: str
    chat: Chat
    carrier: Carrier
    provider: Scripted

    def read_again(self) -> None:
        """Sees what was changed since."""
        with db.transaction(writes=False) as session:
            self.snapshot = read_snapshot(session, self.key)

    async def begin(self, user: str = "ada", **more: Any) -> Run | Ask:
        """Begins a request of a new id. Raises as chat does."""
        return await self.chat.begin(self.snapshot, user, request(**more), f"req_{next(_numbers)}", None)

    async def run(self, user: str = "ada", **more: Any) -> Run:
        run = await self.begin(user, **more)
        assert isinstance(run, Run)
        return run

    async def ask(self, user: str = "ada", tokens: Tokens = Tokens(10, 20), **more: Any) -> Run:  # noqa: B008
        """Carries a request to its end."""
        run = await self.run(user, **more)
        await self.chat.settle(run, Metered(tokens))
        return run


@asynccontextmanager
async def chatting(
    limits: PaywallLimits,
    *,
    users: tuple[str, ...] = ("ada", "bob"),
    limits_of: Limiter | None = None,
    nanos: int = NANOS,
) -> AsyncIterator[Chats]:
    """Runs the chats of a paywall whose users have money."""
    (snapshot, key), provider = limited_snapshot(limits), Scripted()
    for user in users:
        await give(snapshot, user, nanos)
    async with running_queue() as queue:
        chat = Chat(queue, provider, COUNTER, limits_of or limiter())
        yield Chats(snapshot, key, chat, Carrier(chat.legs, COUNTER), provider)
        await chat.keeper.drain(5)


def each_user(**limits: int) -> PaywallLimits:
    return PaywallLimits(user=Limits(**limits))


def spending_left(snapshot: Snapshot, user: str = "ada") -> int:
    """Returns what a user may still spend by the paywall's limits."""
    assert snapshot.limits is not None
    limits = spend_limits(snapshot.limits, snapshot.paywall_id, snapshot.key_id, user, clock.now())
    with db.transaction(writes=False) as session:
        return left_nanos(session, limits) or 0


async def refused(chats: Chats, user: str = "ada", **more: object) -> LimitReached:
    """Begins a request that a limit must refuse, and returns how it did."""
    with pytest.raises(LimitReached) as reached:
        await chats.begin(user, **more)
    return reached.value
