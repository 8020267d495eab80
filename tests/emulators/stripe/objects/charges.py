"""Charges: one attempt at a card each, made by PaymentIntents; and what follows a payment that succeeded."""

from tests.emulators.stripe.objects import balance, disputes, lists
from tests.emulators.stripe.objects.call import Call
from tests.emulators.stripe.objects.cards import Decline, Trouble, behaviour
from tests.emulators.stripe.objects.events import tell
from tests.emulators.stripe.state import Book, Thing

NOBODY = {"address": {"city": None, "country": None, "line1": None, "line2": None, "postal_code": None, "state": None},
          "email": None, "name": None, "phone": None, "tax_id": None}  # fmt: skip


def charge(book: Book, intent: Thing, method: Thing, decline: Decline | None, *, is_authenticated: bool) -> Thing:
    """Keeps what a bank said to an attempt, and lets follow what the card brings."""
    is_paid = decline is None
    made = book.add("charge", "ch", {
        "amount": intent["amount"], "amount_captured": intent["amount"] if is_paid else 0, "amount_refunded": 0,
        "application": None, "application_fee": None, "application_fee_amount": None, "balance_transaction": None,
        "billing_details": method["billing_details"], "calculated_statement_descriptor": "EMULATOR",
        "captured": is_paid, "currency": intent["currency"], "customer": intent["customer"],
        "description": intent["description"], "disputed": False, "failure_balance_transaction": None,
        "failure_code": decline.code if decline else None, "failure_message": decline.message if decline else None,
        "fraud_details": {}, "metadata": dict(intent["metadata"]), "on_behalf_of": None, "outcome": _outcome(decline),
        "paid": is_paid, "payment_intent": intent["id"], "payment_method": method["id"],
        "payment_method_details": _details(method, intent, is_authenticated=is_authenticated),
        "receipt_email": intent["receipt_email"], "receipt_number": None,
        "receipt_url": f"https://pay.stripe.com/receipts/{intent['id']}" if is_paid else None, "refunded": False,
        "review": None, "shipping": None, "source": None, "source_transfer": None, "statement_descriptor": None,
        "statement_descriptor_suffix": None, "status": "succeeded" if is_paid else "failed", "transfer_data": None,
        "transfer_group": None,
    })  # fmt: skip
    if decline is not None:
        tell(book, "charge.failed", made)
        return made
    tell(book, "charge.succeeded", made)
    book.later(book.switches.fee_seconds, lambda: balance.book_charge(book, made))
    trouble = behaviour(method["_number"]).trouble
    if trouble not in (Trouble.NONE, Trouble.REFUND_PENDING, Trouble.REFUND_FAILS):
        book.later(book.switches.trouble_seconds, lambda: disputes.bring(book, made, trouble))
    return made


def _outcome(decline: Decline | None) -> Thing:
    if decline is None:
        return {"advice_code": None, "network_advice_code": None, "network_decline_code": None,
                "network_status": "approved_by_network", "reason": None, "risk_level": "normal", "risk_score": 20,
                "seller_message": "Payment complete.", "type": "authorized"}  # fmt: skip
    return {
        "advice_code": decline.advice_code, "network_advice_code": None, "network_decline_code": None,
        "network_status": "not_sent_to_network" if decline.is_blocked else "declined_by_network",
        "reason": "highest_risk_level" if decline.is_blocked else (decline.decline_code or decline.code),
        "risk_level": "highest" if decline.is_blocked else "normal", "risk_score": 95 if decline.is_blocked else 20,
        "seller_message": "Stripe blocked this payment." if decline.is_blocked else "The bank declined the payment.",
        "type": "blocked" if decline.is_blocked else "issuer_declined",
    }  # fmt: skip


def _details(method: Thing, intent: Thing, *, is_authenticated: bool) -> Thing:
    card = method["card"]
    secure = {"authentication_flow": "challenge", "electronic_commerce_indicator": "05", "exemption_indicator": None,
              "result": "authenticated", "result_reason": None, "transaction_id": None, "version": "2.2.0"}  # fmt: skip
    return {"type": "card", "card": {
        "amount_authorized": intent["amount"], "authorization_code": None, "brand": card["brand"],
        "checks": card["checks"], "country": card["country"], "exp_month": card["exp_month"],
        "exp_year": card["exp_year"], "extended_authorization": {"status": "disabled"},
        "fingerprint": card["fingerprint"], "funding": card["funding"],
        "incremental_authorization": {"status": "unavailable"}, "installments": None, "last4": card["last4"],
        "mandate": None, "multicapture": {"status": "unavailable"}, "network": card["brand"],
        "network_token": {"used": False}, "network_transaction_id": None,
        "overcapture": {"maximum_amount_capturable": intent["amount"], "status": "unavailable"},
        "regulated_status": "unregulated", "three_d_secure": secure if is_authenticated else None,
        "transaction_link_id": None, "wallet": None,
    }}  # fmt: skip


def retrieve(call: Call) -> Thing:
    return call.book.named("charge", call.ids[0])


def list_charges(call: Call) -> Thing:
    """Lists charges by customer, payment intent and age."""
    names = [name for name in ("customer", "payment_intent") if name in call.params]
    return lists.page(call, "charge", "/v1/charges", lambda one: all(one[name] == call.params[name] for name in names))
