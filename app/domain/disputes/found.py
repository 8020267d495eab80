"""What a rail says was taken back of one payment: all of it, read at once. Plain values."""

from dataclasses import dataclass

from app.domain.disputes.tables import DisputeState, Funds
from app.domain.refunds.tables import RefundStatus


@dataclass(frozen=True, slots=True)
class FoundRefund:
    """A refund at the rail; `own_id` is our row's id where we asked for it. `status` is never `asked`."""

    id: str
    own_id: str | None
    cents: int
    status: RefundStatus


@dataclass(frozen=True, slots=True)
class FoundDispute:
    """A dispute at the rail. `is_refundable` tells whether its payment can still be given back meanwhile."""

    id: str
    cents: int
    state: DisputeState
    funds: Funds
    is_refundable: bool


@dataclass(frozen=True, slots=True)
class FoundWarning:
    """A fraud warning at the rail; one that is not `is_actionable` is of a payment that went back already."""

    id: str
    is_actionable: bool


@dataclass(frozen=True, slots=True)
class PaymentTakebacks:
    """All refunds, disputes and warnings of a payment, of which `paid_cents` of `currency` were paid."""

    payment_id: str
    paid_cents: int
    currency: str
    refunds: tuple[FoundRefund, ...] = ()
    disputes: tuple[FoundDispute, ...] = ()
    warnings: tuple[FoundWarning, ...] = ()
