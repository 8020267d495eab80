"""What is taken back of payments at a rail: refunds, disputes, fraud warnings, whoever brought them about."""

from dataclasses import dataclass
from typing import Protocol

from app.domain.disputes.found import FoundDispute as FoundDispute
from app.domain.disputes.found import FoundRefund as FoundRefund
from app.domain.disputes.found import FoundWarning as FoundWarning
from app.domain.disputes.found import PaymentTakebacks as PaymentTakebacks
from app.domain.disputes.tables import DisputeState as DisputeState
from app.domain.disputes.tables import Funds as Funds
from app.domain.inbox.connections import Connection
from app.domain.inbox.inbox import ObjectKind as ObjectKind
from app.domain.refunds.tables import RefundStatus as RefundStatus
from app.ports.payments import Marks


@dataclass(frozen=True, slots=True)
class Origin:
    """Which payment an object is of, and our marks on it, None where it is none of ours."""

    payment_id: str
    marks: Marks | None


class Takebacks(Protocol):
    """An account at a rail, read for what was taken back there."""

    async def find_origin(self, kind: ObjectKind, object_id: str) -> Origin | None:
        """Returns the payment of a refund, dispute or warning; None for one of no payment that could be ours.

        Raises NotFound for an id that the rail does not know, which may be for now, ProviderFailed or Unavailable
        where it cannot say.
        """
        ...

    async def read(self, payment_id: str) -> PaymentTakebacks:
        """Returns everything that was taken back of a payment so far, completely. Raises as `find_origin` does."""
        ...


class TakebackReaders(Protocol):
    """Finds what reads a connection."""

    def reach(self, connection: Connection) -> Takebacks:
        """Returns the account as this connection reaches it. Raises Unavailable where this process cannot reach it."""
        ...
