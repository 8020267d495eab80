"""The sandbox's saved cards, without a database: how a card behaves stands in its name, and so does every charge."""

from collections.abc import Callable

from app.adapters.payments.sandbox import PAYMENT
from app.adapters.payments.sandbox_tokens import CARD, Tokens, marks_of, written
from app.domain.errors import LinkInvalid
from app.ports.cards import (
    Answered,
    CardFacts,
    CardOrder,
    Charge,
    ChargeOrder,
    ChargeState,
    NewCustomer,
    SandboxBank,
    SandboxCard,
    SandboxSaving,
    SavedCard,
)
from app.ports.payments import Checkout, PaymentStatus
from app.ports.rail_errors import Decline, ObjectMissing

_CUSTOMER, _SAVING, _INTENT, _BANK = "sbu_", "sbs_", "sbi_", "sbb_"
_NOT_OURS = "This page is not one of ours. Go back to your settings and begin again."
_DECLINES = {
    SandboxCard.DECLINES: Decline("card_declined", "generic_decline"),
    SandboxCard.STOLEN: Decline("card_declined", "stolen_card", "do_not_try_again"),
}


class SandboxCardRail:
    """The SandboxCards of sandbox wallets. No money moves; `now` tells the time in microseconds.

    What was cancelled is nowhere kept: a bank page that is still open may confirm it, and the money then counts.
    """

    name = "sandbox"
    connection_id = "sandbox"

    def __init__(self, secret: bytes, now: Callable[[], int]) -> None:
        self._tokens = Tokens(secret)
        self._now = now

    async def create_customer(self, customer: NewCustomer) -> str:
        """Returns the sandbox's name of somebody."""
        return self._tokens.sign(_CUSTOMER, [customer.id])

    async def begin_saving(self, order: CardOrder) -> Checkout:
        """Returns the page for exactly these values; nothing is stored."""
        token = self._tokens.sign(_SAVING, [order.customer_ref, order.return_url])
        return Checkout(token, f"/sandbox/card/{token}/")

    def open_saving(self, token: str) -> SandboxSaving:
        """Returns what a page's name holds. Raises LinkInvalid."""
        return SandboxSaving(*self._held(_SAVING, token))

    def saved(self, token: str, card: SandboxCard) -> str:
        """Returns the name of the card that a page ends in. Raises LinkInvalid."""
        return self._tokens.sign(CARD, [self.open_saving(token).customer_ref, card.value])

    async def read_saved(self, object_ref: str) -> SavedCard:
        """Returns what a card's name holds. Raises ObjectMissing."""
        values = self._tokens.read(CARD, object_ref)
        if values is None:
            raise ObjectMissing("The sandbox knows no such card.")
        customer_ref, last_four = values
        facts = CardFacts(ref=object_ref, fingerprint=f"sandbox:{last_four}", brand="visa", last_four=last_four,
                          expiry_month=12, expiry_year=2039, country="US")  # fmt: skip
        return SavedCard(customer_ref, facts)

    async def remove(self, card_ref: str) -> None:
        """Forgets nothing, because nothing was kept."""

    async def charge(self, order: ChargeOrder) -> Answered:
        """Does what the card's name says. Raises ObjectMissing for a card that was not made here."""
        values = self._tokens.read(CARD, order.card_ref)
        if values is None:
            raise ObjectMissing("The sandbox knows no such card.", "payment_method")
        card, marked = SandboxCard(values[1]), [*written(order.marks), order.currency]
        if card is SandboxCard.PAYS:
            paid = self._tokens.sign(PAYMENT, [*marked, PaymentStatus.PAID])
            return Answered(Charge(paid, ChargeState.PAID), self._now())
        intent = self._tokens.sign(_INTENT, marked)
        if card is SandboxCard.ASKS:
            return Answered(Charge(intent, ChargeState.NEEDS_OWNER), self._now())
        return Answered(Charge(intent, ChargeState.DECLINED, _DECLINES[card]), self._now())

    async def find_charge(self, customer_ref: str, topup_id: str) -> Answered:
        """Finds nothing: charging again gives the same payment, and moves nothing twice."""
        return Answered(None, self._now())

    async def read_charge(self, payment_ref: str) -> Answered:
        """Returns what a payment's name holds: one that waits for its owner waits until it is cancelled."""
        if (values := self._tokens.read(PAYMENT, payment_ref)) is not None:
            is_paid = values[-1] == PaymentStatus.PAID
            return Answered(Charge(payment_ref, ChargeState.PAID if is_paid else ChargeState.DECLINED), self._now())
        if self._tokens.read(_INTENT, payment_ref) is None:
            raise ObjectMissing("The sandbox knows no such payment.")
        return Answered(Charge(payment_ref, ChargeState.NEEDS_OWNER), self._now())

    async def confirm(self, payment_ref: str, card_ref: str, return_url: str) -> str | Charge:
        """Returns the sandbox's bank page. Raises ObjectMissing."""
        if self._tokens.read(_INTENT, payment_ref) is None:
            raise ObjectMissing("The sandbox knows no such payment.")
        return f"/sandbox/bank/{self._tokens.sign(_BANK, [payment_ref, return_url])}/"

    async def cancel(self, payment_ref: str) -> Answered:
        """Says that it is cancelled. Raises ObjectMissing."""
        charge = (await self.read_charge(payment_ref)).charge
        if charge is not None and charge.state is ChargeState.PAID:
            return Answered(charge, self._now())
        return Answered(Charge(payment_ref, ChargeState.CANCELLED), self._now())

    def open_bank(self, token: str) -> SandboxBank:
        """Returns what a bank page's name holds. Raises LinkInvalid."""
        payment_ref, return_url = self._held(_BANK, token)
        *marked, currency = self._held(_INTENT, payment_ref)
        return SandboxBank(payment_ref, marks_of(marked).paid_cents, currency, return_url)

    def confirmed(self, token: str) -> str:
        """Returns the name of the payment that a confirmed charge ends in. Raises LinkInvalid."""
        marked = self._held(_INTENT, self.open_bank(token).payment_ref)
        return self._tokens.sign(PAYMENT, [*marked, PaymentStatus.PAID])

    def _held(self, prefix: str, token: str) -> list[str]:
        values = self._tokens.read(prefix, token)
        if values is None:
            raise LinkInvalid(_NOT_OURS)
        return values
