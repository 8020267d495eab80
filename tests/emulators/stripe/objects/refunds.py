"""Refunds: at most what is left of a charge, pending or failing where the card or the account's switch says so."""

from tests.emulators.stripe.errors import Refused, unexpected
from tests.emulators.stripe.objects import balance, lists
from tests.emulators.stripe.objects.call import Call
from tests.emulators.stripe.objects.cards import Trouble, behaviour
from tests.emulators.stripe.objects.endpoints import merged
from tests.emulators.stripe.objects.events import tell
from tests.emulators.stripe.state import Book, Thing

LATER_SECONDS = 5.0
"""How long after a refund of such a card it succeeds or fails."""
COUNTED = ("pending", "requires_action", "succeeded")


def create(call: Call) -> Thing:
    """Gives a charge back, whole or in part."""
    params, book = call.params, call.book
    if ("charge" in params) == ("payment_intent" in params):
        raise Refused(400, "One of the following params should be provided for this request: payment_intent or charge.")
    if "charge" in params:
        charge = book.given("charge", params["charge"], "charge")
    else:
        intent = book.given("payment_intent", params["payment_intent"], "payment_intent")
        charge = book.things.get(intent["latest_charge"] or "", {})
    if not charge.get("paid"):
        message = (
            f"This PaymentIntent ({params.get('payment_intent')}) does not have a successful charge to refund."
            if "payment_intent" in params
            else f"Charge {params.get('charge')} cannot be refunded because it failed."
        )
        raise Refused(400, message, code="charge_not_refundable" if "charge" in params else None)
    return make(book, charge, params.get("amount"), params.get("metadata") or {}, params.get("reason"))


def make(book: Book, charge: Thing, cents: int | None, metadata: dict[str, str], reason: str | None) -> Thing:
    """Makes a refund of what is left of a charge, or of `cents` of it. Raises Refused."""
    left = charge["amount"] - charge["amount_refunded"]
    if left == 0:
        raise unexpected(f"Charge {charge['id']} has already been refunded.", "charge_already_refunded")
    if any(not one["is_charge_refundable"] for one in book.all("dispute") if one["charge"] == charge["id"]):
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise unexpected(message, "charge_disputed")
    amount = left if cents is None else cents
    if amount < 1:
        raise Refused(
            400, "This value must be greater than or equal to 1.", code="parameter_invalid_integer", param="amount"
        )
    if amount > left:
        message = f"Refund amount (${amount / 100:.2f}) is greater than unrefunded amount on charge (${left / 100:.2f})"
        raise Refused(400, message, param="amount")
    trouble = behaviour(book.things[charge["payment_method"]]["_number"]).trouble
    is_pending = book.switches.refunds_wait or trouble is Trouble.REFUND_PENDING
    made = book.add("refund", "re", {
        "amount": amount, "balance_transaction": None, "charge": charge["id"], "currency": charge["currency"],
        "customer": None, "customer_account": None,
        "destination_details": {"card": {"type": "refund", "reference_status": "pending"}, "type": "card"},
        "metadata": metadata, "payment_intent": charge["payment_intent"], "payment_method": charge["payment_method"],
        "reason": reason, "receipt_number": None, "source_transfer_reversal": None,
        "status": "pending" if is_pending else "succeeded", "transfer_reversal": None,
    })  # fmt: skip
    del made["livemode"]
    if is_pending:
        made["pending_reason"] = "insufficient_funds" if book.switches.refunds_wait else "processing"
    else:
        _move(book, made)
    _count(book, charge)
    tell(book, "charge.refunded", charge)
    tell(book, "refund.created", made)
    if trouble is Trouble.REFUND_PENDING and not book.switches.refunds_wait:
        book.later(LATER_SECONDS, lambda: end(book, made, "succeeded"))
    elif trouble is Trouble.REFUND_FAILS:
        book.later(LATER_SECONDS, lambda: end(book, made, "failed"))
    return made


def _move(book: Book, refund: Thing) -> None:
    made = balance.book_movement(book, "refund", -refund["amount"], 0, refund["id"], description="REFUND FOR PAYMENT")
    refund["balance_transaction"] = made["id"]


def _count(book: Book, charge: Thing) -> None:
    """Writes onto a charge what its refunds that count add up to."""
    refunds = [one for one in book.all("refund") if one["charge"] == charge["id"] and one["status"] in COUNTED]
    charge["amount_refunded"] = sum(one["amount"] for one in refunds)
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    for warning in book.all("radar.early_fraud_warning"):
        if warning["charge"] == charge["id"]:
            warning["actionable"] = not charge["refunded"] and not charge["disputed"]


def end(book: Book, refund: Thing, status: str) -> None:
    """Lets a refund succeed, fail or be cancelled; money that had gone comes back."""
    was, refund["status"] = refund["status"], status
    refund.pop("pending_reason", None)
    if status == "succeeded" and was != "succeeded":
        _move(book, refund)
    if status in ("failed", "canceled"):
        if was == "succeeded":
            made = balance.book_movement(book, "refund_failure", refund["amount"], 0, refund["id"])
            refund["failure_balance_transaction"] = made["id"]
        if status == "failed":
            refund["failure_reason"] = "expired_or_canceled_card"
    _count(book, book.things[refund["charge"]])
    tell(book, "refund.updated", refund, status=was)
    tell(book, "charge.refund.updated", refund, status=was)
    if status == "failed":
        tell(book, "refund.failed", refund)


def cancel(call: Call) -> Thing:
    found = call.book.named("refund", call.ids[0])
    if found["status"] != "requires_action":
        raise unexpected("This refund cannot be canceled.", "refund_not_cancelable")
    end(call.book, found, "canceled")
    return found


def retrieve(call: Call) -> Thing:
    return call.book.named("refund", call.ids[0])


def update(call: Call) -> Thing:
    found = call.book.named("refund", call.ids[0])
    found["metadata"] = merged(found["metadata"], call.params.get("metadata", {}))
    return found


def list_refunds(call: Call) -> Thing:
    """Lists refunds by charge, payment intent and age."""
    names = [name for name in ("charge", "payment_intent") if name in call.params]
    return lists.page(call, "refund", "/v1/refunds", lambda one: all(one[name] == call.params[name] for name in names))
