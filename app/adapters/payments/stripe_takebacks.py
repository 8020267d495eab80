"""What was taken back at Stripe: refunds, disputes, early fraud warnings of one PaymentIntent, all pages of each.

The PaymentIntent is what they have in common: a payment is one, whatever charges it tried.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from app.adapters.payments.stripe_client import StripeAccount, StripeClient
from app.adapters.payments.stripe_marks import REFUND, marks_of
from app.domain.errors import Unavailable
from app.ports.takebacks import (
    DisputeState,
    FoundDispute,
    FoundRefund,
    FoundWarning,
    Funds,
    ObjectKind,
    Origin,
    PaymentTakebacks,
    RefundStatus,
)

PAGE = 100
_REFUNDS = {
    "pending": RefundStatus.PENDING,
    "requires_action": RefundStatus.PENDING,
    "succeeded": RefundStatus.SUCCEEDED,
    "failed": RefundStatus.FAILED,
    "canceled": RefundStatus.FAILED,
}
_DISPUTES = {
    "warning_needs_response": DisputeState.INQUIRY,
    "warning_under_review": DisputeState.INQUIRY,
    "warning_closed": DisputeState.DISMISSED,
    "prevented": DisputeState.DISMISSED,
    "needs_response": DisputeState.OPEN,
    "under_review": DisputeState.OPEN,
    "won": DisputeState.WON,
    "lost": DisputeState.LOST,
}


class StripeTakebacks:
    """The Takebacks of one account."""

    def __init__(self, account: StripeAccount) -> None:
        self._account = account

    async def find_origin(self, kind: ObjectKind, object_id: str) -> Origin | None:
        """Returns the PaymentIntent of an object, by its charge where the object does not name it."""
        found = await self._account.call(_reading(kind, object_id))
        payment_id = _id(getattr(found, "payment_intent", None))
        if payment_id is None:
            charge_id = _id(getattr(found, "charge", None))
            if charge_id is None:
                return None
            charge = await self._account.call(lambda client: client.v1.charges.retrieve_async(charge_id))
            payment_id = _id(charge.payment_intent)
        if payment_id is None:
            return None
        payment = await self._payment(payment_id)
        return Origin(payment_id, marks_of(payment.metadata.to_dict()))

    async def read(self, payment_id: str) -> PaymentTakebacks:
        """Returns all of it; a status that this version does not know stops it, as nobody can say what it means."""
        payment = await self._payment(payment_id)
        refunds = await self._all(
            lambda client, after: client.v1.refunds.list_async({"payment_intent": payment_id, "limit": PAGE, **after})
        )
        disputes = await self._all(
            lambda client, after: client.v1.disputes.list_async({"payment_intent": payment_id, "limit": PAGE, **after})
        )
        warnings = await self._all(
            lambda client, after: client.v1.radar.early_fraud_warnings.list_async(
                {"payment_intent": payment_id, "limit": PAGE, **after}
            )
        )
        return PaymentTakebacks(
            payment_id=payment_id,
            paid_cents=payment.amount_received,
            currency=payment.currency.upper(),
            refunds=tuple(_refund(one) for one in refunds),
            disputes=tuple(_dispute(one) for one in disputes),
            warnings=tuple(FoundWarning(one.id, one.actionable) for one in warnings),
        )

    async def _payment(self, payment_id: str) -> Any:
        return await self._account.call(lambda client: client.v1.payment_intents.retrieve_async(payment_id))

    async def _all(self, page: Callable[..., Awaitable[Any]]) -> Sequence[Any]:
        found: list[Any] = []
        after: dict[str, str] = {}
        while True:
            read = await self._account.call(partial(page, after=after))
            found += read.data
            if not read.has_more:
                return found
            after = {"starting_after": read.data[-1].id}


def _reading(kind: ObjectKind, object_id: str) -> Callable[[StripeClient], Awaitable[Any]]:
    if kind is ObjectKind.REFUND:
        return lambda client: client.v1.refunds.retrieve_async(object_id)
    if kind is ObjectKind.DISPUTE:
        return lambda client: client.v1.disputes.retrieve_async(object_id)
    return lambda client: client.v1.radar.early_fraud_warnings.retrieve_async(object_id)


def _id(named: object) -> str | None:
    """Returns the id of what another object names, be it an id or the object itself."""
    if named is None or isinstance(named, str):
        return named or None
    return str(getattr(named, "id", "")) or None


def _refund(found: Any) -> FoundRefund:
    metadata = found.metadata.to_dict() if found.metadata is not None else {}
    return FoundRefund(found.id, metadata.get(REFUND), found.amount, _known(_REFUNDS, found.status, found.id))


def _dispute(found: Any) -> FoundDispute:
    """Its funds are out with one balance transaction, and back with two."""
    moves = len(found.balance_transactions or ())
    state = _known(_DISPUTES, found.status, found.id)
    funds = Funds.KEPT if not moves else Funds.OUT if moves == 1 else Funds.BACK
    return FoundDispute(found.id, found.amount, state, funds, bool(found.is_charge_refundable))


def _known(words: dict[str, Any], said: str | None, object_id: str) -> Any:
    if said not in words:
        raise Unavailable(f"Stripe says that {object_id} is {said!r}, which this version does not know.")
    return words[said]
