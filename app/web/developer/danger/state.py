"""What the danger zone remembers: what is asked, and what came of it."""

from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import wiring
from app.db import Session
from app.domain.errors import CoinslotError
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.members import Manager
from app.flows.paywalls.change import change
from app.flows.paywalls.owners import duplicate, needs_own_provider
from app.web.developer.frame.sections import KEYS
from app.web.developer.frame.state import PaywallState, Work
from app.wiring.rules import creators_of

ARCHIVE, DUPLICATE = "archive", "duplicate"
ADDRESS_CHARACTERS_MAX = 2_000


class DangerState(PaywallState, rx.State):
    """One open danger zone."""

    asking: str = ""
    error: str = ""
    duplicate_url: str = ""
    left_off: list[str] = []
    needs_provider: bool = False
    """Whether the duplicate has to be told who serves it."""

    def _work(self) -> Work:
        def read(session: Session, manager: Manager) -> dict[str, bool]:
            return {"needs_provider": needs_own_provider(*read_current(session, manager.paywall_id))}

        return read

    @rx.event
    async def ask(self, what: str) -> EventSpec | None:
        """Asks once before something is done; without a word it no longer asks."""
        if await self._managing() is None:
            return self._leave()
        self.asking, self.error = what[:20], ""
        return None

    @rx.event
    async def archive(self, is_archived: bool) -> EventSpec | None:
        """Archives the paywall, or takes it out again."""
        manager = await self._managing()
        if manager is None:
            return self._leave()
        self.asking, self.error = "", ""
        try:
            await change(manager, wiring.get().parts.archive, is_archived)
        except CoinslotError as error:
            self.error = error.message
        await self._show_again()
        return None

    @rx.event
    async def make_duplicate(self, form: dict[str, Any]) -> EventSpec | None:
        """Makes a paywall like this one in the other environment, with the provider that was typed if it needs one."""
        person, manager = await self._signed_in(), await self._managing()
        if person is None or manager is None:
            return self._leave()
        if self.asking != DUPLICATE:
            return None  # a second click, or a second window: one was asked for and made
        self.error, wired = "", wiring.get()
        address = str(form.get("base_url", ""))[:ADDRESS_CHARACTERS_MAX]
        try:
            made = await duplicate(manager, person, creators_of(wired.settings), wired.parts.rules, address)
        except CoinslotError as error:
            self.error = error.message
            return None
        self.asking = ""
        self.duplicate_url = f"/paywalls/{made.paywall_id}/{KEYS.name}/"
        self.left_off = [f"{model}: {reason}" for model, reason in made.left_off.items()][:20]
        await self._show_again()
        return None
