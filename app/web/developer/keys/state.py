"""What the page of keys remembers: what is asked. A new key never comes here: the browser fetches it."""

from collections.abc import Mapping
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import wiring
from app.domain.errors import CoinslotError
from app.flows.callers.marks import About, Subject
from app.flows.paywalls.change import change
from app.flows.paywalls.keys import RevokedKey
from app.web.developer.frame.state import PaywallState, Work
from app.web.developer.keys.rows import KeysPage, read_keys_page


class KeysState(PaywallState, rx.State):
    """One open page of a paywall's keys."""

    page: KeysPage = KeysPage()
    asking: str = ""
    error: str = ""

    def _work(self) -> Work:
        return lambda session, manager: {"page": read_keys_page(session, manager.paywall_id)}

    def _watched(self, values: Mapping[str, Any]) -> list[Subject]:
        """When a key was used last is news as soon as its requests are counted."""
        return [Subject(About.NUMBERS, values["paywall"].id)]

    @rx.event
    async def ask(self, key_id: str) -> EventSpec | None:
        """Asks once before a key is revoked; without one it no longer asks."""
        if await self._managing() is None:
            return self._leave()
        self.asking, self.error = key_id[:64], ""
        return None

    @rx.event
    async def revoke(self, key_id: str) -> EventSpec | None:
        """Revokes a key, for the next request in every process."""
        manager = await self._managing()
        if manager is None:
            return self._leave()
        self.asking = ""
        try:
            await change(manager, wiring.get().parts.keys, RevokedKey(key_id[:64]))
        except CoinslotError as error:
            self.error = error.message
        await self._show_again()
        return None
