"""What the page of versions remembers: what is asked, what came of going back. The address says what is compared."""

import reflex as rx
from reflex.event import EventSpec

from app import wiring
from app.domain.errors import CoinslotError
from app.flows.paywalls.change import change
from app.web.developer.frame.state import PaywallState, Work
from app.web.developer.versions.rows import VersionsPage, read_versions_page

_DIGITS_MAX = 9


class VersionsState(PaywallState, rx.State):
    """One open page of a paywall's versions."""

    page: VersionsPage = VersionsPage()
    is_asking: bool = False
    error: str = ""
    went_back: str = ""
    left_off: list[str] = []

    def _work(self) -> Work:
        asked, below = self._number("with"), self._number("below")
        return lambda session, manager: {"page": read_versions_page(session, manager, asked, below)}

    def _number(self, name: str) -> int:
        """Returns a version's number from the address, 0 where there is none."""
        text = self.router.url.query_parameters.get(name, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX else 0

    @rx.event
    async def ask(self, is_asking: bool) -> EventSpec | None:
        """Asks once before a version is published again."""
        if await self._managing() is None:
            return self._leave()
        self.is_asking, self.error = is_asking, ""
        return None

    @rx.event
    async def go_back(self) -> EventSpec | None:
        """Publishes the version that is compared as a new one; refused where another one is the newest by now."""
        manager = await self._managing()
        if manager is None:
            return self._leave()
        wanted, read = self.page.before, self.page.after
        self.is_asking, self.error, self.went_back, self.left_off = False, "", "", []
        try:
            made = await change(manager, wiring.get().parts.version, wanted, read)
        except CoinslotError as error:
            self.error = error.message
        else:
            same = made.version == read
            self.went_back = f"Version {wanted} says what counts already" if same else f"Version {made.version} is out"
            self.left_off = [f"{model}: {reason}" for model, reason in made.outcome.left_off.items()][:20]
        await self._show_again()
        return None
