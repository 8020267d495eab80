"""Disputes, inquiries and early fraud warnings: what banks bring back after a payment.

A dispute takes its amount and a fee at once; winning evidence brings the amount back with a second transaction. An
inquiry moves nothing; evidence that escalates it makes a dispute of it.
"""

from tests.emulators.stripe.errors import Refused
from tests.emulators.stripe.objects import balance, lists
from tests.emulators.stripe.objects.call import Call
from tests.emulators.stripe.objects.cards import Trouble
from tests.emulators.stripe.objects.endpoints import merged
from tests.emulators.stripe.objects.events import tell
from tests.emulators.stripe.state import Book, Thing

DUE_SECONDS = 9 * 24 * 3_600
OPEN = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")
EVIDENCE = (
    "access_activity_log", "billing_address", "cancellation_policy", "cancellation_policy_disclosure",
    "cancellation_rebuttal", "customer_communication", "customer_email_address", "customer_name",
    "customer_purchase_ip", "customer_signature", "duplicate_charge_documentation", "duplicate_charge_explanation",
    "duplicate_charge_id", "product_description", "receipt", "refund_policy", "refund_policy_disclosure",
    "refund_refusal_explanation", "service_date", "service_documentation", "shipping_address", "shipping_carrier",
    "shipping_date", "shipping_documentation", "shipping_tracking_number", "uncategorized_file", "uncategorized_text",
)  # fmt: skip


def bring(book: Book, charge: Thing, trouble: Trouble) -> Thing:
    """Lets follow what a card's number says."""
    if trouble is Trouble.WARNING:
        return warn(book, charge)
    reason = "product_not_received" if trouble is Trouble.NOT_RECEIVED else "fraudulent"
    return dispute(book, charge, charge["amount"], reason, is_inquiry=trouble is Trouble.INQUIRY)


def warn(book: Book, charge: Thing) -> Thing:
    """Says that the bank thinks a payment fraudulent; nothing moves."""
    made = book.add("radar.early_fraud_warning", "issfr", {
        "actionable": not charge["refunded"] and not charge["disputed"], "charge": charge["id"],
        "fraud_type": "unauthorized_use_of_card", "payment_intent": charge["payment_intent"],
    })  # fmt: skip
    tell(book, "radar.early_fraud_warning.created", made)
    return made


def dispute(book: Book, charge: Thing, cents: int, reason: str, *, is_inquiry: bool) -> Thing:
    """Opens a dispute over `cents` of a charge, or an inquiry."""
    made = book.add("dispute", "du", {
        "amount": cents, "balance_transactions": [], "charge": charge["id"], "currency": charge["currency"],
        "enhanced_eligibility_types": [], "evidence": {**dict.fromkeys(EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {"due_by": book.clock.seconds() + DUE_SECONDS, "enhanced_eligibility": {},
                             "has_evidence": False, "past_due": False, "submission_count": 0},
        "is_charge_refundable": is_inquiry, "metadata": {}, "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {"brand": charge["payment_method_details"]["card"]["brand"],
                     "case_type": "inquiry" if is_inquiry else "chargeback", "network": "visa",
                     "network_reason_code": "10.4"},
            "type": "card",
        },
        "reason": reason, "status": "warning_needs_response" if is_inquiry else "needs_response",
    })  # fmt: skip
    charge["disputed"] = True
    tell(book, "charge.dispute.created", made)
    if not is_inquiry:
        withdraw(book, made)
    return made


def withdraw(book: Book, found: Thing) -> None:
    """Takes the disputed amount and the fee out of the balance."""
    description = f"Chargeback withdrawal for {found['charge']}"
    made = balance.book_movement(
        book, "adjustment", -found["amount"], balance.DISPUTE_FEE_CENTS, found["id"], category="dispute",
        description=description,
    )  # fmt: skip
    found["balance_transactions"].append(made)
    tell(book, "charge.dispute.funds_withdrawn", found)


def reinstate(book: Book, found: Thing) -> None:
    """Puts the disputed amount back; the fee stays with Stripe."""
    made = balance.book_movement(
        book, "adjustment", found["amount"], 0, found["id"], category="dispute_reversal",
        description=f"Chargeback reversal for {found['charge']}",
    )  # fmt: skip
    found["balance_transactions"].append(made)
    tell(book, "charge.dispute.funds_reinstated", found)


def escalate(book: Book, found: Thing) -> None:
    """Makes a dispute of an inquiry."""
    found["status"], found["is_charge_refundable"] = "needs_response", False
    found["payment_method_details"]["card"]["case_type"] = "chargeback"
    tell(book, "charge.dispute.updated", found)
    withdraw(book, found)


def end(book: Book, found: Thing, status: str) -> None:
    """Closes a dispute as won, lost or prevented, an inquiry as `warning_closed`."""
    was, found["status"] = found["status"], status
    tell(book, "charge.dispute.updated", found, status=was)
    if status == "won" and len(found["balance_transactions"]) == 1:
        reinstate(book, found)
    tell(book, "charge.dispute.closed", found)


def update(call: Call) -> Thing:
    """Takes evidence; the test texts `winning_evidence`, `losing_evidence`, `escalate_inquiry_evidence` decide."""
    found, evidence = call.book.named("dispute", call.ids[0]), call.params.get("evidence") or {}
    if found["status"] not in OPEN:
        raise Refused(400, "This dispute is already closed.", code="dispute_closed")
    if "metadata" in call.params:
        found["metadata"] = merged(found["metadata"], call.params["metadata"])
    if not evidence:
        return found
    found["evidence"].update(evidence)
    found["evidence_details"]["has_evidence"] = True
    if not call.params.get("submit", True):
        return found
    found["evidence_details"]["submission_count"] += 1
    is_inquiry, text = found["status"].startswith("warning"), evidence.get("uncategorized_text")
    if text == "escalate_inquiry_evidence" and is_inquiry:
        escalate(call.book, found)
    elif text == "winning_evidence":
        end(call.book, found, "warning_closed" if is_inquiry else "won")
    elif text == "losing_evidence":
        end(call.book, found, "warning_closed" if is_inquiry else "lost")
    else:
        found["status"] = "warning_under_review" if is_inquiry else "under_review"
        tell(call.book, "charge.dispute.updated", found)
    return found


def close(call: Call) -> Thing:
    """Accepts a dispute: it is lost."""
    found = call.book.named("dispute", call.ids[0])
    if found["status"] not in OPEN:
        raise Refused(400, "This dispute is already closed.", code="dispute_closed")
    end(call.book, found, "lost")
    return found


def retrieve(call: Call) -> Thing:
    return call.book.named("dispute", call.ids[0])


def list_disputes(call: Call) -> Thing:
    return _listed(call, "dispute", "/v1/disputes")


def retrieve_warning(call: Call) -> Thing:
    return call.book.named("radar.early_fraud_warning", call.ids[0])


def list_warnings(call: Call) -> Thing:
    return _listed(call, "radar.early_fraud_warning", "/v1/radar/early_fraud_warnings")


def _listed(call: Call, kind: str, url: str) -> Thing:
    names = [name for name in ("charge", "payment_intent") if name in call.params]
    return lists.page(call, kind, url, lambda one: all(one[name] == call.params[name] for name in names))
