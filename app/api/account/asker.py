"""Whose account asks, and how that is known: by its key here, by a session's cookie on our own page."""

from collections.abc import Awaitable
from functools import partial
from typing import Protocol

from app.api.common.caller import find_payer, renew
from app.api.v1.exchange import Exchange
from app.domain.errors import WrongMode
from app.flows.callers.anew import Renew
from app.flows.callers.snapshot import Snapshot


class Asker(Protocol):
    """Whose account asks, and how that is known."""

    def find(self, exchange: Exchange) -> Awaitable[Snapshot]:
        """Returns the operator's paywall as the account sees it. Raises CoinslotError for whoever has none."""
        ...

    def renew(self, exchange: Exchange) -> Renew:
        """Returns what reads that anew where it was found to be old."""
        ...


class _ByKey:
    """A person's own program, by their account's key."""

    async def find(self, exchange: Exchange) -> Snapshot:
        """Returns the operator's paywall as the key sees it. Raises UnknownKey, WrongMode for an app's key."""
        found = await find_payer(exchange.headers.get(b"authorization"))
        if found.account_id is None:
            raise WrongMode("This is an app's key: an account's own, made in its settings, is what this wants.")
        return found

    def renew(self, exchange: Exchange) -> Renew:
        """Returns what reads the key's paywall anew."""
        return partial(renew, authorization=exchange.headers.get(b"authorization"))


BY_KEY = _ByKey()
