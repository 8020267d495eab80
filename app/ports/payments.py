"""Payments: rails that money comes in by, each reached through a connection."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from app.domain.inbox.connections import Connection
from app.domain.topups.tables import TopupKind as TopupKind


@dataclass(frozen=True, slots=True)
class Marks:
    """What we write into a payment, so that it says by itself what it is for (a rail's metadata).

    `paid_cents` are asked for, `credited_nanos` of the unit of the ledger account `account_id` are credited for them.
    Payments of the sandbox from before this was written have neither instance nor account nor amount to credit: "", 0.
    `kind` says how it is paid; `month` and `n` count an automatic one within its wallet, else "" and 0.
    """

    instance: str
    topup_id: str
    account_id: str
    paid_cents: int
    credited_nanos: int
    kind: TopupKind = TopupKind.CHECKOUT
    month: str = ""
    n: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """What a checkout is asked for. `currency` is ISO 4217 in capitals; `expires_at` (microseconds) is when it ends.

    `description` is what the sandbox's page calls the wallet, `title` what a payer reads anywhere else. `return_url` is
    a path of this site. With `saves_card` the card is kept at the rail for `customer_id`, the rail's name of the payer,
    to be charged later without them. `fee_cents` of what is paid are a fee, which the payer reads apart.
    """

    marks: Marks
    currency: str
    description: str
    return_url: str
    expires_at: int
    title: str = "Top-up"
    customer_id: str | None = None
    saves_card: bool = False
    fee_cents: int = 0


@dataclass(frozen=True, slots=True)
class Checkout:
    """A hosted payment page of a rail: where to send the user, and the rail's id of it."""

    id: str
    url: str


class PaymentStatus(StrEnum):
    """What a rail says of a payment, or of the checkout that it is to come by."""

    PAID = "paid"
    """The money is there."""
    UNPAID = "unpaid"
    """It may still come."""
    PENDING = "pending"
    """The payer has done their part; their bank needs days to say whether the money comes."""
    DECLINED = "failed"
    """An attempt was declined; another card may still pay."""
    EXPIRED = "expired"
    """The checkout has ended unpaid."""


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment as read back from its rail: the truth about money that came in.

    `paid_cents` of `currency` (ISO 4217, capitals) is what counts for the top-up: without tax, less discounts.
    `marks` are what we wrote into it, None where it carries nothing of ours. `refunded_cents` were given back of it so
    far, whoever asked for that: a database from a backup does not know its own refunds. `saved_card_ref` is the rail's
    name of the card that was kept for its customer with it, None where none was.
    """

    id: str
    marks: Marks | None
    status: PaymentStatus
    paid_cents: int
    currency: str
    is_live: bool
    refunded_cents: int = 0
    saved_card_ref: str | None = None


class RefundState(StrEnum):
    """What a rail says of a refund."""

    PENDING = "pending"
    """It is about it."""
    SUCCEEDED = "succeeded"
    """The money went back."""
    FAILED = "failed"
    """It cannot give the money back."""


class PaymentRail(Protocol):
    """A way for money to come in: a rail, as one connection reaches it."""

    name: str
    connection_id: str

    async def create_checkout(self, order: Order) -> Checkout:
        """Makes a hosted payment page. Asking again for the same top-up gives the same page."""
        ...

    async def end_checkout(self, checkout_id: str) -> bool:
        """Ends a checkout that nobody has paid: no card can be tried there any more. False for one that was over.

        Raises as `read_payment` does.
        """
        ...

    async def read_payment(self, object_id: str) -> Payment:
        """Reads a payment back, by its own id or its checkout's.

        Raises NotFound for an id that the rail does not know, which may be for now, ProviderFailed or Unavailable
        where it cannot say.
        """
        ...

    async def refund(
        self, *, refund_id: str, payment_id: str, paid_cents: int, currency: str, is_whole: bool = True
    ) -> RefundState:
        """Gives a payment back whole, else exactly `paid_cents` of it, and says how far that is.

        A part fails where no more so much is left of it, or where its payer's bank has taken it back.

        Asking again with the same `refund_id`, however much later, moves no more money and says how it stands now.
        Raises as `read_payment` does.
        """
        ...


class Rails(Protocol):
    """Finds the rail of a connection."""

    def reach(self, connection: Connection) -> PaymentRail:
        """Returns the rail as this connection reaches it. Raises Unavailable where this process cannot reach it."""
        ...


@dataclass(frozen=True, slots=True)
class SandboxSession:
    """What a sandbox checkout page shows, and where it leads back to; `expires_at` is None for one from before.

    `saves_card` tells that the card that pays is kept.
    """

    topup_id: str
    paid_cents: int
    currency: str
    description: str
    return_url: str
    expires_at: int | None
    saves_card: bool = False


class SandboxCheckouts(PaymentRail, Protocol):
    """The sandbox's rail, whose checkout page is ours: the page opens a checkout and says how it ended."""

    def open(self, token: str) -> SandboxSession:
        """Returns what a checkout id holds. Raises LinkInvalid for one that was not made here."""
        ...

    def payment_id(self, token: str, outcome: PaymentStatus) -> str:
        """Returns the id of the payment that a checkout ends in. Raises LinkInvalid, also once it has expired."""
        ...


class PayoutRail(Protocol):
    """One way out for earnings. Rows say what is to be paid; nothing is paid twice, however often it is asked."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    async def go_on(self) -> int:
        """Goes on with all payouts that are under way, and opens what may be paid; returns how many were decided.

        Called by one process at a time. It may be cut anywhere and called again.
        """
        ...
