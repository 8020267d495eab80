"""Saved cards at Stripe: setup pages, charges without their owner, and confirmations that its bank asks for.

What is decided is decided by `code`, `decline_code` and `advice_code`, never by a message. A charge never carries
`setup_future_usage`: with it, banks ask for the owner each time.
"""

from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from app.adapters.payments.stripe import NAME
from app.adapters.payments.stripe_client import PaymentIntent, PaymentMethod, SetupIntent, StripeAccount, StripeObject
from app.adapters.payments.stripe_marks import TOPUP, written
from app.domain import clock
from app.domain.errors import Unavailable
from app.ports.cards import (
    Answered,
    CardFacts,
    CardOrder,
    Charge,
    ChargeOrder,
    ChargeState,
    NewCustomer,
    SavedCard,
)
from app.ports.payments import Checkout
from app.ports.rail_errors import CallRefused, CardDeclined, Decline, ObjectMissing

LIST_PAGE, PAGES_MAX = 100, 50
_WANTS_OWNER = frozenset({"authentication_required", "payment_intent_authentication_failure"})
_STATES = {
    "succeeded": ChargeState.PAID,
    "canceled": ChargeState.CANCELLED,
    "requires_action": ChargeState.NEEDS_OWNER,
}


class StripeCardRail:
    """The CardRail of one connection. `site` is where this instance is, to which people are sent back."""

    name = NAME

    def __init__(self, connection_id: str, account: StripeAccount, site: str) -> None:
        self.connection_id = connection_id
        self._account = account
        self._site = site

    async def create_customer(self, customer: NewCustomer) -> str:
        """Makes a customer; Stripe forgets the key after a day, and another one is then made, which harms nothing."""
        params: Any = {"metadata": {"coinslot_instance": customer.instance, "coinslot_customer": customer.id}}
        if customer.email is not None:
            params["email"] = customer.email
        key = {"idempotency_key": f"customer:{customer.id}" + (f":{customer.lost}" if customer.lost else "")}
        made = await self._account.call(lambda client: client.v1.customers.create_async(params, key))  # type: ignore[arg-type]
        return made.id

    async def begin_saving(self, order: CardOrder) -> Checkout:
        """Makes a checkout that saves a card and charges nothing."""
        back = f"{self._site}{order.return_url}"
        params: Any = {
            "mode": "setup",
            "currency": "usd",
            "customer": order.customer_ref,
            "allowed_payment_method_types": ["card"],
            "metadata": {"coinslot_instance": order.instance},
            "setup_intent_data": {"metadata": {"coinslot_instance": order.instance}},
            "success_url": back.replace("{saved}", "{CHECKOUT_SESSION_ID}"),
            "cancel_url": urlsplit(back)._replace(query="").geturl(),
        }
        key = {"idempotency_key": f"save:{order.id}"}
        made = await self._account.call(lambda client: client.v1.checkout.sessions.create_async(params, key))  # type: ignore[arg-type]
        if made.url is None:
            raise Unavailable("Stripe made a page for a card without an address.")
        return Checkout(made.id, made.url)

    async def read_saved(self, object_ref: str) -> SavedCard:
        """Reads the card that a page (`cs_`), a setup (`seti_`) or its own name (`pm_`) leads to."""
        method = await self._method(object_ref)
        if method is None or method.card is None:
            raise ObjectMissing("No card was saved there.")
        customer = method.customer
        return SavedCard(customer if customer is None or isinstance(customer, str) else customer.id, _facts(method))

    async def _method(self, object_ref: str) -> PaymentMethod | None:
        if object_ref.startswith("pm_"):
            return await self._account.call(lambda client: client.v1.payment_methods.retrieve_async(object_ref))
        setup: Any = object_ref
        if object_ref.startswith("cs_"):
            session = await self._account.call(
                lambda client: client.v1.checkout.sessions.retrieve_async(object_ref, {"expand": ["setup_intent"]})
            )
            setup = session.setup_intent
        name = setup.id if isinstance(setup, SetupIntent) else setup
        if name is None:
            return None
        found = await self._account.call(
            lambda client: client.v1.setup_intents.retrieve_async(name, {"expand": ["payment_method"]})
        )
        return found.payment_method if isinstance(found.payment_method, PaymentMethod) else None

    async def remove(self, card_ref: str) -> None:
        """Detaches a card; one that is attached to nobody any more is left so."""
        try:
            await self._account.call(lambda client: client.v1.payment_methods.detach_async(card_ref))
        except ObjectMissing:
            return
        except CallRefused as refused:
            if refused.reason != "payment_method_not_attached":
                raise

    async def charge(self, order: ChargeOrder) -> Answered:
        """Charges a card; the top-up's id is the idempotency key, and stands in the metadata."""
        params: Any = {
            "amount": order.marks.paid_cents,
            "currency": order.currency.lower(),
            "customer": order.customer_ref,
            "payment_method": order.card_ref,
            "allowed_payment_method_types": ["card"],
            "payment_method_options": {"card": {"stored_credential_usage": "unscheduled"}},
            "off_session": True,
            "confirm": True,
            "description": order.description,
            "metadata": written(order.marks),
        }
        key = {"idempotency_key": order.marks.topup_id}
        try:
            made = await self._account.call(lambda client: client.v1.payment_intents.create_async(params, key))  # type: ignore[arg-type]
        except CardDeclined as declined:
            return Answered(_declined(declined.decline))
        except CallRefused as refused:
            await self._check_card(order)
            raise refused
        return Answered(_charge_of(made), _date_of(made))

    async def _check_card(self, order: ChargeOrder) -> None:
        """Raises ObjectMissing where a card is not the customer's any more: Stripe has no code of its own for that."""
        found = await self.read_saved(order.card_ref)
        if found.customer_ref != order.customer_ref:
            raise ObjectMissing("This card is not the customer's any more.", "payment_method")

    async def find_charge(self, customer_ref: str, topup_id: str) -> Answered:
        """Looks through all payments of a customer, the newest first: Stripe's search lags, its list does not."""
        params: Any = {"customer": customer_ref, "limit": LIST_PAGE}
        at: int | None = None
        for _ in range(PAGES_MAX):
            listed = await self._account.call(lambda client: client.v1.payment_intents.list_async(params))
            at = _date_of(listed)
            for intent in listed.data:
                if intent.metadata.to_dict().get(TOPUP) == topup_id:
                    return Answered(_charge_of(intent), at)
            if not listed.has_more or not listed.data:
                return Answered(None, at)
            params["starting_after"] = listed.data[-1].id
        raise Unavailable(f"{customer_ref} has more than {LIST_PAGE * PAGES_MAX} payments; nobody knows yet.")

    async def read_charge(self, payment_ref: str) -> Answered:
        """Reads a PaymentIntent back."""
        found = await self._account.call(lambda client: client.v1.payment_intents.retrieve_async(payment_ref))
        return Answered(_charge_of(found), _date_of(found))

    async def confirm(self, payment_ref: str, card_ref: str, return_url: str) -> str | Charge:
        """Confirms a payment with its owner there, and returns the bank's address; what it is where there is none."""
        params: Any = {"payment_method": card_ref, "off_session": False, "return_url": f"{self._site}{return_url}"}
        try:
            made = await self._account.call(lambda client: client.v1.payment_intents.confirm_async(payment_ref, params))
        except CardDeclined as declined:
            return _declined(declined.decline, payment_ref)
        except CallRefused as refused:
            if refused.reason != "payment_intent_unexpected_state":
                raise
            made = await self._account.call(lambda client: client.v1.payment_intents.retrieve_async(payment_ref))
        address = _bank_of(made)
        return _charge_of(made) if address is None else address

    async def cancel(self, payment_ref: str) -> Answered:
        """Cancels a PaymentIntent; one that can be cancelled no more is read back."""
        try:
            made = await self._account.call(
                lambda client: client.v1.payment_intents.cancel_async(payment_ref, {"cancellation_reason": "abandoned"})
            )
        except CallRefused as refused:
            if refused.reason != "payment_intent_unexpected_state":
                raise
            return await self.read_charge(payment_ref)
        return Answered(_charge_of(made), _date_of(made))


def _facts(method: PaymentMethod) -> CardFacts:
    card: Any = method.card
    return CardFacts(
        ref=method.id, fingerprint=card.fingerprint or method.id, brand=card.brand, last_four=card.last4,
        expiry_month=card.exp_month, expiry_year=card.exp_year, country=card.country or "",
    )  # fmt: skip


def _charge_of(intent: PaymentIntent) -> Charge:
    """Reads a PaymentIntent: one whose last try failed is declined, unless all that is missing is its owner."""
    if (state := _STATES.get(intent.status)) is not None:
        return Charge(intent.id, state)
    error = intent.last_payment_error
    if intent.status != "requires_payment_method" or error is None:
        return Charge(intent.id, ChargeState.PENDING)
    return _declined(
        Decline(
            code=error.code or "card_declined", decline_code=getattr(error, "decline_code", None),
            advice_code=getattr(error, "advice_code", None), payment_id=intent.id,
        )
    )  # fmt: skip


def _declined(decline: Decline, payment_ref: str | None = None) -> Charge:
    ref = decline.payment_id or payment_ref
    if ref is None:
        raise Unavailable("Stripe declined a card and did not say for which payment.")
    if decline.code in _WANTS_OWNER or decline.decline_code in _WANTS_OWNER:
        return Charge(ref, ChargeState.NEEDS_OWNER)
    return Charge(ref, ChargeState.DECLINED, decline)


def _bank_of(intent: PaymentIntent) -> str | None:
    action: Any = intent.next_action
    redirect = None if intent.status != "requires_action" or action is None else action.redirect_to_url
    return None if redirect is None else redirect.url


def _date_of(answered: StripeObject) -> int | None:
    """Returns when an answer was given, by Stripe's own clock, as its header says."""
    response = answered.last_response
    date = None if response is None else response.headers.get("date")
    return None if date is None else int(parsedate_to_datetime(date).timestamp()) * clock.SECOND
