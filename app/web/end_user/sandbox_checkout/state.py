"""What the sandbox's checkout remembers. Its token is checked at every event; the rail decides what it is worth."""

from collections.abc import AsyncIterator

import reflex as rx
from reflex.event import EventSpec

from app import wiring
from app.domain.errors import CoinslotError, LinkInvalid, NotFound
from app.flows.payments.checkout import open_sandbox_checkout
from app.flows.payments.received import pay_in_sandbox
from app.ports.payments import PaymentStatus
from app.web.components.topup_state import dollars, fee_words
from app.web.frame.routes import token_of


class SandboxCheckoutState(rx.State):
    """One open checkout."""

    phase: str = "loading"
    problem: str = ""
    app_name: str = ""
    amount: str = ""
    fee_note: str = ""
    saves_card: bool = False
    status: str = "created"
    return_url: str = ""
    said: str = ""
    """How the last attempt ended that did not pay: `declined`, `given_up`, or nothing."""
    is_at_bank: bool = False

    @rx.event
    async def open_checkout(self) -> None:
        """Shows what is paid for."""
        self.reset()  # type: ignore[no-untyped-call]
        try:
            checkout = await open_sandbox_checkout(wiring.get().sandbox, token_of(self.router.url.path))
        except (LinkInvalid, NotFound) as error:
            self.phase, self.problem = "invalid", error.message
            return
        self.app_name, self.status, self.return_url = checkout.app_name, checkout.status.value, checkout.return_url
        self.amount, self.saves_card = dollars(checkout.paid_cents), checkout.saves_card
        self.fee_note = fee_words(checkout.paid_cents - checkout.fee_cents, checkout.fee_cents)
        self.phase = "ready"

    @rx.event
    async def pay(self) -> AsyncIterator[EventSpec | None]:
        """Pays, and goes back."""
        async for event in self._end(PaymentStatus.PAID):
            yield event

    @rx.event
    async def decline(self) -> AsyncIterator[EventSpec | None]:
        """Lets the payment be declined, and stays: another card may still pay."""
        async for event in self._end(PaymentStatus.DECLINED):
            yield event

    @rx.event
    def ask_bank(self) -> None:
        """Goes to the bank's page, which asks; nothing is paid by that."""
        if self._is_ours():
            self.said, self.is_at_bank = "", True

    @rx.event
    def give_up(self) -> None:
        """Comes back from the bank's page without an answer, which is no decline."""
        if self._is_ours():
            self.said, self.is_at_bank = "given_up", False

    def _is_ours(self) -> bool:
        """Tells whether the checkout is one of ours, and says so on the page if not."""
        try:
            wiring.get().sandbox.open(token_of(self.router.url.path))
        except LinkInvalid as error:
            self.phase, self.problem = "invalid", error.message
            return False
        return True

    async def _end(self, outcome: PaymentStatus) -> AsyncIterator[EventSpec | None]:
        token = token_of(self.router.url.path)
        try:
            checkout = await open_sandbox_checkout(wiring.get().sandbox, token)
            await pay_in_sandbox(wiring.get().payment_door, wiring.get().sandbox, token, outcome)
        except CoinslotError as error:
            self.phase, self.problem = "invalid", error.message
        else:
            is_declined = outcome is PaymentStatus.DECLINED
            self.said, self.is_at_bank = "declined" if is_declined else "", False
            yield None if is_declined else rx.redirect(checkout.return_url)
