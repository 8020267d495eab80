"""What this process learns by requests of providers that refuse their key, kept so that somebody is told.

Nothing of it is done for a request that is answered, unless its provider is one that refuses.
"""

import asyncio
from collections.abc import Callable
from functools import partial

from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.errors import NotFound, ProviderFailed
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.provider import ProviderSetting
from app.domain.providers import refusals
from app.domain.providers.refusals import STATUSES, Refusal
from app.each_alone import alone
from app.keeper import Keeper

WRITTEN_MICROSECONDS = 10 * clock.SECOND
"""How often a refusal that goes on is written down again."""
FORBIDDEN = 403
FORBIDDEN_IN_A_ROW = 3
"""From how many in a row on a 403 is about the key: one alone may be about what was asked, or about one model."""


class Refusals:
    """The providers of which this process knows that they refuse; writing is behind the request that learned it."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._standing: dict[tuple[str, str], int] = {}
        """When each was written last; 0 for one that was read or that was not written yet."""
        self._forbidden: dict[tuple[str, str], int] = {}
        self._turn = asyncio.Lock()
        """What was learned later is written later."""

    async def read(self) -> None:
        """Learns what other processes have noted, so that an answer here takes it away too."""
        for found in await db.in_transaction(refusals.list_all):
            self._standing.setdefault((found.paywall_id, found.provider), 0)

    def refused(self, paywall_id: str, setting: ProviderSetting, failure: ProviderFailed) -> None:
        """Notes a failure, if it is about the key. Returns at once."""
        if failure.status not in STATUSES:
            return
        one, at = (paywall_id, setting.name), clock.now()
        if failure.status == FORBIDDEN and one not in self._standing:
            count = self._forbidden.get(one, 0) + 1
            self._forbidden[one] = count
            if count < FORBIDDEN_IN_A_ROW:
                return
        if at - self._standing.get(one, 0) < WRITTEN_MICROSECONDS:
            return
        self._standing[one] = at
        said = failure.said.get("message")
        words = said if isinstance(said, str) else ""
        self._write(one, partial(_note, setting, Refusal(*one, failure.status, words, at, at)))

    def answered(self, paywall_id: str, provider: str) -> None:
        """Forgets what stood about a provider, for it has answered. Returns at once."""
        if not self._standing and not self._forbidden:
            return
        one = (paywall_id, provider)
        self._forbidden.pop(one, None)
        if self._standing.pop(one, None) is not None:
            until = clock.now()
            self._write(one, lambda session: refusals.forget(session, paywall_id, provider, until))

    def _write(self, one: tuple[str, str], work: Callable[[Session], None]) -> None:
        self._keeper.keep(alone("refusals", "/".join(one), partial(self._in_turn, work)))

    async def _in_turn(self, work: Callable[[Session], None]) -> None:
        async with self._turn:
            await db.in_transaction(work, writes=True)


def _note(setting: ProviderSetting, refusal: Refusal, session: Session) -> None:
    """Notes a refusal, unless the provider has another key or address by now."""
    try:
        _, current = read_current(session, refusal.paywall_id)
    except NotFound:
        return
    now = current.find_provider(setting.name)
    if now is not None and (now.key_sealed, now.base_url) == (setting.key_sealed, setting.base_url):
        refusals.note(session, refusal)
