"""Deciding anew: what was decided on a paywall that has changed since is decided again on what holds now."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from app import db
from app.domain.errors import StaleDecision, UnknownModel
from app.flows.callers.snapshot import Snapshot, find_outdated

T = TypeVar("T")

DECISIONS_MAX = 5
"""How often a request is decided anew because what it rested on changed in between."""

Renew = Callable[[Snapshot], Awaitable[Snapshot]]
"""Reads a paywall anew that was found to be old. Raises UnknownKey; StaleDecision if somebody else could be meant."""


async def decided(snapshot: Snapshot, renew: Renew, decide: Callable[[Snapshot], Awaitable[T]]) -> T:
    """Returns what `decide` makes of a paywall as it is now. Raises StaleDecision where that keeps changing.

    That a model is not offered no hold looks at, so it is believed of a paywall only that has not changed.
    """
    for _ in range(DECISIONS_MAX):
        try:
            return await decide(snapshot)
        except StaleDecision:
            pass
        except UnknownModel:
            if not await _has_changed(snapshot):
                raise
        snapshot = await renew(snapshot)
    raise StaleDecision("The paywall's settings are changing right now; nothing was charged.")


async def _has_changed(snapshot: Snapshot) -> bool:
    return bool(await db.in_transaction(lambda session: find_outdated(session, [snapshot])))
