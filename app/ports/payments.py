"""Payments: rails that money comes in by."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Checkout:
    """A hosted payment page of a rail: where to send the user, and the rail's id of it."""

    id: str
    url: str


class PaymentStatus(StrEnum):
    """What a rail says of a payment."""

    PAID = "paid"
    """The money is there."""
    UNPAID = "unpaid"
    """It may still come."""
    FAILED = "failed"
    """It will not come by this payment."""


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment as read back from its rail: the truth about money that came in.

    `amount_nanos` of `currency` (ISO 4217, upper case). `topup_id` is what we wrote into it.
    """

    id: str
    topup_id: str
    status: PaymentStatus
    amount_nanos: int
    currency: str
    is_live: bool


class PaymentRail(Protocol):
    """A way for money to come in."""

    name: str

    async def create_checkout(
        self, *, topup_id: str, amount_nanos: int, currency: str, description: str, return_url: str
    ) -> Checkout:
        """Makes a hosted payment page. Asking again with the same `topup_id` gives the same page."""
        ...

    async def read_payment(self, payment_id: str) -> Payment:
        """Reads a payment back from the rail. Raises NotFound for an id that the rail does not know."""
        ...


@dataclass(frozen=True, slots=True)
class SandboxSession:
    """What a sandbox checkout page shows, and where it leads back to."""

    topup_id: str
    amount_nanos: int
    currency: str
    description: str
    return_url: str


class SandboxCheckouts(PaymentRail, Protocol):
    """The sandbox's rail, whose checkout page is ours: the page opens a checkout and says how it ended."""

    def open(self, token: str) -> SandboxSession:
        """Returns what a checkout id holds. Raises LinkInvalid for one that was not made here."""
        ...

    def payment_id(self, token: str, outcome: PaymentStatus) -> str:
        """Returns the id of the payment that a checkout ends in. Raises LinkInvalid."""
        ...
