"""What the danger zone remembers: what is asked, and what came of it."""

import reflex as rx
from reflex.event import EventSpec

from app import wiring
from app.domain.errors import CoinslotError
from app.flows.paywalls.change import change
from app.flows.paywalls.owners import duplicate
from app.web.developer.frame.sections import KEYS
from app.web.developer.frame.state import PaywallState
from app.wiring.rules import creators_of

ARCHIVE, DUPLICATE = "archive", "duplicate"


class DangerState(PaywallState, rx.State):
    """One open danger zone."""

    asking: str = ""
    error: str = ""
    duplicate_url: str = ""
    left_off: list[str] = []

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
    async def make_duplicate(self) -> EventSpec | None:
        """Makes a paywall like this one in the other environment."""
        person, manager = await self._signed_in(), await self._managing()
        if person is None or manager is None:
            return self._leave()
        if self.asking != DUPLICATE:
            return None  # a second click, or a second window: one was asked for and made
        self.asking, self.error = "", ""
        wired = wiring.get()
        try:
            made = await duplicate(manager, person, creators_of(wired.settings), wired.parts.rules)
        except CoinslotError as error:
            self.error = error.message
            return None
        self.duplicate_url = f"/paywalls/{made.paywall_id}/{KEYS.name}/"
        self.left_off = [f"{model}: {reason}" for model, reason in made.left_off.items()][:20]
        await self._show_again()
        return None
