"""The sandbox's payments: a checkout of our own, without a database. Everything that it knows is in its ids.

An id is a signed list of values, and each list has exactly one id: a payment that is posted under its
id can come twice under that id only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.adapters.payments.sandbox_tokens import CARD, CARD_FORM, FORM, SAVING_FORM, Tokens, marks_of, written
from app.domain.errors import LinkInvalid, NotFound
from app.domain.money import CENT_NANOS
from app.ports.cards import SandboxCard
from app.ports.payments import Checkout, Marks, Order, Payment, PaymentStatus, RefundState, SandboxSession

_CHECKOUT = "sbc_"
PAYMENT = "sbp_"

_NOT_OURS = "This checkout link is not one of ours. Go back to the app and ask it again."
_EXPIRED = "This checkout has expired, and nothing was charged. Go back to your wallet and begin again."


@dataclass(frozen=True, slots=True)
class _Checkout:
    """What a checkout's id holds; `is_old` is one in the form from before.

    `customer_ref` is whom the card is kept for that pays, None where none is kept.
    """

    marks: Marks
    currency: str
    description: str
    return_url: str
    expires_at: int | None
    is_old: bool
    customer_ref: str | None = None


class SandboxRail:
    """The SandboxCheckouts of sandbox paywalls. No money moves; `Payment.is_live` is always False.

    `now` tells the time in microseconds.
    """

    name = "sandbox"
    connection_id = "sandbox"

    def __init__(self, secret: bytes, now: Callable[[], int]) -> None:
        self._tokens = Tokens(secret)
        self._now = now

    async def create_checkout(self, order: Order) -> Checkout:
        """Returns the page for exactly these values; nothing is stored, so asking again gives the same."""
        values = [*written(order.marks), order.currency, order.description, order.return_url, order.expires_at]
        token = self._tokens.sign(_CHECKOUT, _saving(order.customer_id if order.saves_card else None, values))
        return Checkout(id=token, url=f"/sandbox/checkout/{token}/")

    def open(self, token: str) -> SandboxSession:
        """Returns what a checkout id holds. Raises LinkInvalid for one that we did not make."""
        found = self._read_checkout(token)
        if found is None:
            raise LinkInvalid(_NOT_OURS)
        return SandboxSession(found.marks.topup_id, found.marks.paid_cents, found.currency, found.description,
                              found.return_url, found.expires_at, found.customer_ref is not None)  # fmt: skip

    def payment_id(self, token: str, outcome: PaymentStatus) -> str:
        """Returns the id of the payment that a checkout ends in. Raises LinkInvalid.

        A checkout in the form from before ends in a payment of that form, which is known by its id if it came already.
        """
        found = self._read_checkout(token)
        if found is None:
            raise LinkInvalid(_NOT_OURS)
        if found.expires_at is not None and found.expires_at <= self._now():
            raise LinkInvalid(_EXPIRED, "link_expired")
        marks, currency = found.marks, found.currency
        if found.is_old:
            return self._tokens.sign(PAYMENT, [marks.topup_id, marks.paid_cents * CENT_NANOS, currency, outcome])
        return self._tokens.sign(PAYMENT, _saving(found.customer_ref, [*written(marks), currency, outcome]))

    async def end_checkout(self, checkout_id: str) -> bool:
        """There is nothing to end: the page shows what its top-up is, and no money is real."""
        return self._read_checkout(checkout_id) is not None

    async def read_payment(self, object_id: str) -> Payment:
        """Returns what the id of a payment or a checkout holds. Raises NotFound for one that we did not make."""
        if (checkout := self._read_checkout(object_id)) is not None:
            is_over = checkout.expires_at is not None and checkout.expires_at <= self._now()
            status = PaymentStatus.EXPIRED if is_over else PaymentStatus.UNPAID
            return Payment(object_id, checkout.marks, status, 0, checkout.currency, is_live=False)
        values = self._tokens.read(PAYMENT, object_id)
        if values is None:
            raise NotFound("The sandbox knows no such payment.")
        customer_ref, (*marked, currency, status) = _saved_for(values)
        marks, kept = _old_or_new(marked), None
        if customer_ref is not None and status == PaymentStatus.PAID:
            kept = self._tokens.sign(CARD, [customer_ref, SandboxCard.PAYS.value])
        return Payment(object_id, marks, PaymentStatus(status), marks.paid_cents, currency, is_live=False,
                       saved_card_ref=kept)  # fmt: skip

    async def refund(
        self, *, refund_id: str, payment_id: str, paid_cents: int, currency: str, is_whole: bool = True
    ) -> RefundState:
        """Gives a payment of play money back at once. Raises NotFound for one that we did not make."""
        if self._tokens.read(PAYMENT, payment_id) is None:
            raise NotFound("The sandbox knows no such payment.")
        return RefundState.SUCCEEDED

    def _read_checkout(self, token: str) -> _Checkout | None:
        values = self._tokens.read(_CHECKOUT, token)
        if values is None:
            return None
        customer_ref, values = _saved_for(values)
        if values[0] == FORM:
            *marked, currency, description, return_url, expires_at = values
            return _Checkout(_old_or_new(marked), currency, description, return_url, expires_at, is_old=False,
                             customer_ref=customer_ref)  # fmt: skip
        *marked, currency, description, return_url = values
        return _Checkout(_old_or_new(marked), currency, description, return_url, None, is_old=True)


def _saving(customer_ref: str | None, values: list[Any]) -> list[Any]:
    """Returns values with whom a card is kept for, the same where none is; `_saved_for` takes them apart."""
    return values if customer_ref is None else [SAVING_FORM, customer_ref, *values]


def _saved_for(values: list[Any]) -> tuple[str | None, list[Any]]:
    return (values[1], values[2:]) if values[0] == SAVING_FORM else (None, values)


def _old_or_new(values: list[Any]) -> Marks:
    """Reads the marks that a list begins with, in any form."""
    if values[0] in (FORM, CARD_FORM):
        return marks_of(values)
    topup_id, nanos = values
    return Marks("", topup_id, "", nanos // CENT_NANOS, 0)
