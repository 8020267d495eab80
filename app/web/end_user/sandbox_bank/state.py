"""What the sandbox's bank page remembers. Its token is checked at every event; the rail decides what it is worth."""

from collections.abc import AsyncIterator

import reflex as rx
from reflex.event import EventSpec

from app import wiring
from app.domain.errors import CoinslotError, LinkInvalid
from app.domain.money import Unit, format_for_people, nanos_of_cents
from app.flows.cards.cards import confirm_in_sandbox
from app.web.frame.routes import token_of


class SandboxBankState(rx.State):
    """One open page of the bank."""

    phase: str = "loading"
    problem: str = ""
    amount: str = ""
    return_url: str = ""

    @rx.event
    def open_bank(self) -> None:
        """Shows what is to be confirmed; opening changes nothing."""
        self.reset()  # type: ignore[no-untyped-call]
        try:
            asked = wiring.get().cards.sandbox.open_bank(token_of(self.router.url.path))
        except LinkInvalid as error:
            self.phase, self.problem = "invalid", error.message
            return
        self.amount = format_for_people(nanos_of_cents(asked.paid_cents, Unit.USD), Unit.USD)
        self.phase, self.return_url = "ready", asked.return_url

    @rx.event
    async def confirm(self) -> AsyncIterator[EventSpec | None]:
        """Confirms the charge, and goes back."""
        wired = wiring.get()
        try:
            back = await confirm_in_sandbox(wired.payment_door, wired.cards.sandbox, token_of(self.router.url.path))
        except CoinslotError as error:
            self.phase, self.problem = "invalid", error.message
        else:
            yield rx.redirect(back)
