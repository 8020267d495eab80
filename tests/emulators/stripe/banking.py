"""Control of payers, banks and the dashboard: what people do to an account's objects that no API call does."""

from typing import TYPE_CHECKING

from tests.emulators.stripe.control import book_of, charge_of, find
from tests.emulators.stripe.objects import balance, disputes, intents, paying, refunds, sessions
from tests.emulators.stripe.objects.attempts import pay as attempt
from tests.emulators.stripe.objects.customers import make_method
from tests.emulators.stripe.objects.events import tell
from tests.emulators.stripe.state import Thing, shown

if TYPE_CHECKING:
    from tests.emulators.stripe.server import Stripe


def pay(
    stripe: "Stripe", base: str, session: str, number: str = "4242424242424242", saved: str = "", save: bool = False,
    delayed: bool = False, email: str = "payer@example.com",
) -> Thing:  # fmt: skip
    """Pays a checkout as its page does; says where the payer is sent, and what the page says if that is wrong."""
    book, found = find(stripe, session)
    typed = paying.Typed(number, saved, email, "Pat Payer", is_saving=save, is_delayed=delayed)
    url = paying.pay(book, found, typed, base)
    return {"url": url, "error": found["_error"], "status": found["status"]}


def delayed(stripe: "Stripe", session: str, paid: bool = True) -> Thing:
    """Lets a delayed payment come, or fail."""
    book, found = find(stripe, session)
    paying.end_delayed(book, found, is_paid=paid)
    return shown(found)


def authenticate(stripe: "Stripe", base: str, intent: str, right: bool = True) -> Thing:
    """Answers a bank's 3-D Secure page; says where the payer is sent."""
    book, found = find(stripe, intent)
    url = paying.authenticate(book, found, base, is_right=right)
    return {"url": url, "status": found["status"]}


def discount(stripe: "Stripe", session: str, cents: int) -> Thing:
    """Takes something off an open session, as a promotion code does."""
    book, found = find(stripe, session)
    sessions.price(found, book, found["amount_subtotal"], cents)
    return shown(found)


def refund(stripe: "Stripe", payment: str = "newest charge", cents: int | None = None) -> Thing:
    """Refunds a payment in the dashboard: without any metadata of ours."""
    book, charge = charge_of(stripe, payment)
    return shown(refunds.make(book, charge, cents, {}, "requested_by_customer"))


def end_refund(stripe: "Stripe", status: str, refund: str = "newest refund") -> Thing:
    """Lets a refund end: succeeded, failed or canceled."""
    book, found = find(stripe, refund)
    refunds.end(book, found, status)
    return shown(found)


def dispute(
    stripe: "Stripe", payment: str = "newest charge", cents: int | None = None, inquiry: bool = False,
    reason: str = "fraudulent",
) -> Thing:  # fmt: skip
    """Disputes a payment, or part of it."""
    book, charge = charge_of(stripe, payment)
    amount = charge["amount"] if cents is None else cents
    return shown(disputes.dispute(book, charge, amount, reason, is_inquiry=inquiry))


def end_dispute(stripe: "Stripe", status: str, dispute: str = "newest dispute") -> Thing:
    """Lets a dispute end: won, lost, prevented, warning_closed; or `escalated`, for an inquiry."""
    book, found = find(stripe, dispute)
    if status == "escalated":
        disputes.escalate(book, found)
    else:
        disputes.end(book, found, status)
    return shown(found)


def warn(stripe: "Stripe", payment: str = "newest charge") -> Thing:
    """Lets a bank warn of fraud."""
    book, charge = charge_of(stripe, payment)
    return shown(disputes.warn(book, charge))


def payout(stripe: "Stripe", account: str, cents: int, live: bool = False) -> Thing:
    """Lets Stripe pay out to the account's bank."""
    return shown(balance.pay_out(book_of(stripe, account, live=live), cents))


def movement(
    stripe: "Stripe", account: str, cents: int, kind: str = "adjustment", description: str = "By hand",
    live: bool = False,
) -> Thing:  # fmt: skip
    """Moves money without any object of it: a fee of Stripe's, a correction by hand."""
    book = book_of(stripe, account, live=live)
    return shown(balance.book_movement(book, kind, cents, 0, None, description=description))


def foreign(
    stripe: "Stripe", base: str, account: str, count: int = 1, cents: int = 1_900, number: str = "4242424242424242",
    metadata: dict[str, str] | None = None, live: bool = False,
) -> Thing:  # fmt: skip
    """Lets another app on the account take payments; returns the PaymentIntents' ids."""
    book, made = book_of(stripe, account, live=live), []
    for _ in range(count):
        params = {"amount": cents, "currency": book.account.currency, "allowed_payment_method_types": ["card"],
                  "metadata": metadata or {"shop": "another"}}  # fmt: skip
        intent = intents.build(book, params)
        tell(book, "payment_intent.created", intent)
        attempt(book, intent, make_method(book, number), base)
        made.append(intent["id"])
    return {"payment_intents": made}


def new_card(stripe: "Stripe", payment_method: str, year: int, last4: str | None = None) -> Thing:
    """Lets a bank replace a saved card, as card networks tell Stripe."""
    book, found = find(stripe, payment_method)
    before = {"card": {"exp_year": found["card"]["exp_year"]}}
    found["card"] |= {"exp_year": year, "last4": last4 or found["card"]["last4"]}
    tell(book, "payment_method.automatically_updated", found, **before)
    return shown(found)
