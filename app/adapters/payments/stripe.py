"""Stripe as a PaymentRail: hosted checkouts, payments read back, refunds. Cards alone, US dollars alone.

A payment's id is its PaymentIntent's, whichever object told of it. What counts as paid is what we asked for: of a
checkout the subtotal less discounts, so that tax, and what a payer saw in a currency of their own, count for nothing.
"""

from typing import Any

from app.adapters.payments.stripe_client import CheckoutSession, PaymentIntent, StripeAccount, StripeObject
from app.adapters.payments.stripe_marks import REFUND, marks_of, written
from app.domain import clock
from app.domain.errors import Unavailable
from app.ports.payments import Checkout, Marks, Order, Payment, PaymentStatus, RefundState, TopupKind
from app.ports.rail_errors import CallRefused

NAME = "stripe"
_REFUNDS_PAGE = 100
_REFUNDED = {
    "pending": RefundState.PENDING,
    "requires_action": RefundState.PENDING,
    "succeeded": RefundState.SUCCEEDED,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}
_DISPUTED = ("charge_disputed", "refund_disputed_payment")


class StripeRail:
    """The PaymentRail of one connection. `site` is where this instance is, to which a payer is sent back."""

    name = NAME

    def __init__(self, connection_id: str, account: StripeAccount, site: str) -> None:
        self.connection_id = connection_id
        self._account = account
        self._site = site

    async def create_checkout(self, order: Order) -> Checkout:
        """Makes a hosted page; the top-up's id is the idempotency key, so that asking again gives the same page.

        Where one of two clocks is so wrong that Stripe does not take its end, the page ends after Stripe's own day.
        """
        params = self._asked(order)
        try:
            made = await self._create(params, order)
        except CallRefused as refused:
            if refused.param != "expires_at" and refused.reason != "idempotency_error":
                raise  # asked again, it has the other values under this key
            del params["expires_at"]
            made = await self._create(params, order)
        if made.url is None:
            raise Unavailable("Stripe made a checkout without a page.")
        return Checkout(made.id, made.url)

    async def _create(self, params: Any, order: Order) -> CheckoutSession:
        key = f"checkout:{order.marks.topup_id}"
        return await self._account.call(
            lambda client: client.v1.checkout.sessions.create_async(params, {"idempotency_key": key})
        )

    def _asked(self, order: Order) -> Any:
        """Returns the parameters of a checkout, the same each time; what they leave out is as the account has it."""
        marked, back = written(order.marks), f"{self._site}{order.return_url}"
        payment: dict[str, Any] = {"metadata": marked, "description": order.title}
        asked: dict[str, Any] = {
            "mode": "payment",
            "allowed_payment_method_types": ["card"],
            "line_items": _items(order),
            "adaptive_pricing": {"enabled": False},
            "automatic_tax": {"enabled": False},
            "allow_promotion_codes": False,
            "wallet_options": {"link": {"display": "never"}},
            "client_reference_id": order.marks.topup_id,
            "metadata": marked,
            "payment_intent_data": payment,
            "expires_at": order.expires_at // clock.SECOND,
            "success_url": f"{back}&paid=1",
            "cancel_url": back,
        }
        if order.customer_id is not None:
            asked["customer"] = order.customer_id
        if order.saves_card:
            payment["setup_future_usage"] = "off_session"
        return asked

    async def end_checkout(self, checkout_id: str) -> bool:
        """Lets a hosted page expire; Stripe refuses that for one that is not open."""
        try:
            await self._account.call(lambda client: client.v1.checkout.sessions.expire_async(checkout_id))
        except CallRefused:
            return False
        return True

    async def read_payment(self, object_id: str) -> Payment:
        """Reads a checkout (`cs_`) or a PaymentIntent (`pi_`) back. Raises NotFound and as every call does."""
        if object_id.startswith("cs_"):
            session = await self._account.call(
                lambda client: client.v1.checkout.sessions.retrieve_async(
                    object_id, {"expand": ["payment_intent.latest_charge"]}
                )
            )
            return _of_checkout(session, _expanded(session))
        intent = await self._account.call(
            lambda client: client.v1.payment_intents.retrieve_async(object_id, {"expand": ["latest_charge"]})
        )
        if (marks := _marks(intent.metadata)) is not None and marks.kind is not TopupKind.CHECKOUT:
            return _of_intent(intent)  # a saved card was charged: there is no checkout, and calls are few
        found = await self._account.call(
            lambda client: client.v1.checkout.sessions.list_async({"payment_intent": object_id, "limit": 1})
        )
        return _of_checkout(found.data[0], intent) if found.data else _of_intent(intent)

    async def refund(
        self, *, refund_id: str, payment_id: str, paid_cents: int, currency: str, is_whole: bool = True
    ) -> RefundState:
        """Gives back all that is left of a payment, taxes too, or exactly so much of it. Stripe forgets keys after a
        day, so that it is asked first whether it has made this refund; its metadata says so."""
        listed = await self._account.call(
            lambda client: client.v1.refunds.list_async({"payment_intent": payment_id, "limit": _REFUNDS_PAGE})
        )
        for refund in listed.data:
            if refund.metadata is not None and refund.metadata.to_dict().get(REFUND) == refund_id:
                return _refunded(refund.status)
        asked: Any = {"payment_intent": payment_id, "metadata": {REFUND: refund_id}}
        if not is_whole:
            asked["amount"] = paid_cents
        try:
            made = await self._account.call(
                lambda client: client.v1.refunds.create_async(asked, {"idempotency_key": refund_id})
            )
        except CallRefused as refused:
            is_gone = refused.reason == "charge_already_refunded" or refused.param == "amount"
            if refused.reason in _DISPUTED or (is_gone and not is_whole):
                return RefundState.FAILED  # it went back in another way
            if refused.reason != "charge_already_refunded":
                raise
            return RefundState.SUCCEEDED  # by the account's owner
        return _refunded(made.status)


def _items(order: Order) -> list[dict[str, Any]]:
    """Returns what a payer reads that they pay for: the top-up, and its fee where there is one."""
    named = [(order.title, order.marks.paid_cents - order.fee_cents), ("Card fee", order.fee_cents)]
    return [
        {"quantity": 1, "price_data": {"currency": order.currency.lower(), "unit_amount": cents,
                                       "product_data": {"name": name}}}
        for name, cents in named
        if cents
    ]  # fmt: skip


def _refunded(status: str | None) -> RefundState:
    return _REFUNDED.get(status or "", RefundState.PENDING)


def _expanded(session: CheckoutSession) -> PaymentIntent | None:
    intent = session.payment_intent
    return intent if isinstance(intent, PaymentIntent) else None


def _of_checkout(session: CheckoutSession, intent: PaymentIntent | None) -> Payment:
    """Reads a checkout: it is paid when its payment is, whatever the event said that led here."""
    discount = session.total_details.amount_discount if session.total_details else 0
    asked = (session.amount_subtotal or 0) - discount
    status = _status_of(intent)
    if session.payment_status == "no_payment_required":
        status = PaymentStatus.PAID  # nothing was to be paid, after discounts
    elif session.status == "expired" and status is not PaymentStatus.PAID and not _may_still_pay(intent):
        status = PaymentStatus.EXPIRED
    return Payment(
        id=session.id if intent is None else intent.id,
        marks=_marks(session.metadata),
        status=status,
        paid_cents=_received(session, intent, asked) if status is PaymentStatus.PAID else 0,
        currency=(session.currency or "").upper(),
        is_live=session.livemode,
        refunded_cents=_given_back(intent),
        saved_card_ref=_kept(intent),
    )


def _received(session: CheckoutSession, intent: PaymentIntent | None, asked: int) -> int:
    """Returns what was paid of what was asked for: all of it, unless less came than the checkout's total, as where its
    account's owner captured a part."""
    missing = 0 if intent is None else (session.amount_total or 0) - (intent.amount_received or 0)
    return max(asked - max(missing, 0), 0)


def _of_intent(intent: PaymentIntent) -> Payment:
    """Reads a payment that came by no checkout."""
    return Payment(
        id=intent.id,
        marks=_marks(intent.metadata),
        status=_status_of(intent),
        paid_cents=intent.amount_received or 0,
        currency=intent.currency.upper(),
        is_live=intent.livemode,
        refunded_cents=_given_back(intent),
    )


def _status_of(intent: PaymentIntent | None) -> PaymentStatus:
    if intent is None:
        return PaymentStatus.UNPAID
    if intent.status == "succeeded":
        return PaymentStatus.PAID
    if intent.status == "canceled":
        return PaymentStatus.EXPIRED
    if intent.status == "requires_payment_method" and intent.last_payment_error is not None:
        return PaymentStatus.DECLINED
    return PaymentStatus.PENDING if intent.status == "processing" else PaymentStatus.UNPAID


def _may_still_pay(intent: PaymentIntent | None) -> bool:
    """Tells whether a payment is on its way whose checkout has ended."""
    return intent is not None and intent.status in ("processing", "requires_capture")


def _kept(intent: PaymentIntent | None) -> str | None:
    """Returns the card that a paid checkout kept, which Stripe has attached to its customer by then."""
    if intent is None or intent.status != "succeeded" or intent.setup_future_usage != "off_session":
        return None
    method = intent.payment_method
    return None if intent.customer is None or method is None else method if isinstance(method, str) else method.id


def _given_back(intent: PaymentIntent | None) -> int:
    charge = None if intent is None else intent.latest_charge
    return 0 if charge is None or isinstance(charge, str) else charge.amount_refunded


def _marks(metadata: StripeObject | None) -> Marks | None:
    return None if metadata is None else marks_of(metadata.to_dict())
