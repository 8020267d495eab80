"""What the sandbox's page for saving a card remembers. Its token is checked at every event."""

from collections.abc import AsyncIterator

import reflex as rx
from reflex.event import EventSpec

from app import wiring
from app.domain.errors import CoinslotError, LinkInvalid
from app.flows.cards.cards import save_in_sandbox
from app.ports.cards import SandboxCard
from app.web.frame.routes import token_of


class SandboxCardState(rx.State):
    """One open page."""

    phase: str = "loading"
    problem: str = ""

    @rx.event
    def open_saving(self) -> None:
        """Shows the cards that there are; opening changes nothing."""
        self.reset()  # type: ignore[no-untyped-call]
        try:
            wiring.get().cards.sandbox.open_saving(token_of(self.router.url.path))
        except LinkInvalid as error:
            self.phase, self.problem = "invalid", error.message
            return
        self.phase = "ready"

    @rx.event
    async def save(self, card: str) -> AsyncIterator[EventSpec | None]:
        """Saves one of the cards, and goes back."""
        wired = wiring.get()
        if card not in list(SandboxCard):
            return
        try:
            back = await save_in_sandbox(
                wired.payment_door, wired.cards.sandbox, token_of(self.router.url.path), SandboxCard(card)
            )
        except CoinslotError as error:
            self.phase, self.problem = "invalid", error.message
        else:
            yield rx.redirect(back)
