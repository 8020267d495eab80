"""What happens on Stripe's own pages: a payer pays a session, authenticates for a bank, or gives up."""

from dataclasses import dataclass
from urllib.parse import urlencode

from tests.emulators.stripe.errors import Refused
from tests.emulators.stripe.objects import attempts, setups
from tests.emulators.stripe.objects.charges import NOBODY, charge
from tests.emulators.stripe.objects.customers import attach_to, make_method
from tests.emulators.stripe.objects.events import tell
from tests.emulators.stripe.objects.sessions import intent_of
from tests.emulators.stripe.state import Book, Thing

FOREIGN_RATE_PERCENT = 92
"""What the emulator gives for 100 of the account's currency where adaptive pricing shows another one."""


@dataclass(frozen=True)
class Typed:
    """What a payer typed: a new card's number or a saved card's id, and whether to save it."""

    number: str = ""
    saved_id: str = ""
    email: str = ""
    name: str = ""
    is_saving: bool = False
    is_delayed: bool = False
    """Pays by a method whose money comes, or does not, days later."""


def saved_cards(book: Book, session: Thing) -> list[Thing]:
    """Returns the cards that the page offers: the customer's, those that may be shown again."""
    if session["customer"] is None:
        return []
    allowed = session["saved_payment_method_options"]["allow_redisplay_filters"]
    cards = book.all("payment_method")
    return [one for one in cards if one["customer"] == session["customer"] and one["allow_redisplay"] in allowed]


def pay(book: Book, session: Thing, typed: Typed, base: str) -> str:
    """Pays, or saves a card; returns where the payer's browser goes. What went wrong is on the page then."""
    page = f"{base}/c/pay/{session['id']}"
    if session["status"] != "open":
        return page
    session["_error"] = None
    try:
        if typed.saved_id:
            method = book.given("payment_method", typed.saved_id, "payment_method")
        else:
            method = make_method(book, typed.number, email=typed.email or None, name=typed.name or None)
    except Refused as wrong:
        session["_error"] = wrong.message
        return page
    email = typed.email or session["customer_email"]
    session["customer_details"] = {**NOBODY, "email": email, "name": typed.name or None, "tax_exempt": "none",
                                   "tax_ids": [], "business_name": None, "individual_name": None}  # fmt: skip
    if session["mode"] == "setup":
        return _save(book, session, method, typed, base)
    intent = intent_of(book, session)
    intent["_return_url"] = page
    intent["_allow_redisplay"] = "always" if typed.is_saving else None
    if typed.is_delayed:
        return _delay(book, session, intent, method)
    refused = attempts.pay(book, intent, method, base)
    session["_save"] = typed.is_saving
    return _after(book, session, intent, method, refused, base)


def _after(book: Book, session: Thing, intent: Thing, method: Thing, refused: Refused | None, base: str) -> str:
    if refused is not None:
        session["_error"] = refused.message
        return f"{base}/c/pay/{session['id']}"
    if intent["status"] == "requires_action":
        return f"{base}/3ds/{intent['id']}"
    if session.get("_save") and session["customer"] is not None and method["customer"] is None:
        method["_is_spent"] = False
        attach_to(book, method, book.things[session["customer"]], allow_redisplay="always")
    return complete(book, session, payment_status="paid")


def complete(book: Book, session: Thing, *, payment_status: str) -> str:
    """Ends a session well, and returns its success page."""
    url = success_url(session)
    session |= {"status": "complete", "payment_status": payment_status, "url": None}
    enabled = (session["adaptive_pricing"] or {}).get("enabled")
    if enabled and book.switches.payer_currency is not None and session["amount_total"] is not None:
        session["presentment_details"] = {
            "presentment_amount": session["amount_total"] * FOREIGN_RATE_PERCENT // 100,
            "presentment_currency": book.switches.payer_currency,
        }
    tell(book, "checkout.session.completed", session)
    return url


def success_url(session: Thing) -> str:
    url: str = session["success_url"]
    return url.replace("{CHECKOUT_SESSION_ID}", session["id"])


def _delay(book: Book, session: Thing, intent: Thing, method: Thing) -> str:
    """Takes an order to a bank: complete, and unpaid until the bank says more."""
    intent |= {"status": "processing", "payment_method": method["id"]}
    tell(book, "payment_intent.processing", intent)
    return complete(book, session, payment_status="unpaid")


def end_delayed(book: Book, session: Thing, *, is_paid: bool) -> None:
    """Says what became of an order to a bank."""
    intent = book.things[session["payment_intent"]]
    method = book.things[intent["payment_method"]]
    if is_paid:
        made = charge(book, intent, method, None, is_authenticated=False)
        intent |= {"latest_charge": made["id"], "status": "succeeded", "amount_received": intent["amount"]}
        tell(book, "payment_intent.succeeded", intent)
        session["payment_status"] = "paid"
        tell(book, "checkout.session.async_payment_succeeded", session)
    else:
        attempts.fail(book, intent, method, attempts.GAVE_UP, is_charged=False)
        tell(book, "checkout.session.async_payment_failed", session)


def _save(book: Book, session: Thing, method: Thing, typed: Typed, base: str) -> str:
    if session["setup_intent"] is None:
        params = {**session["_setup_data"], "customer": session["customer"]}
        session["setup_intent"] = setups.build(book, params, session_id=session["id"])["id"]
    intent = book.things[session["setup_intent"]]
    intent["_return_url"] = f"{base}/c/pay/{session['id']}"
    intent["_allow_redisplay"] = "always" if typed.is_saving else "limited"
    refused = setups.save(book, intent, method, base)
    if refused is not None:
        session["_error"] = refused.message
        return f"{base}/c/pay/{session['id']}"
    if intent["status"] == "requires_action":
        return f"{base}/3ds/{intent['id']}"
    return complete(book, session, payment_status="no_payment_required")


def authenticate(book: Book, intent: Thing, base: str, *, is_right: bool) -> str:
    """Answers a bank's question, or gives up; returns where the browser goes."""
    if intent["status"] != "requires_action":
        return _back(intent)
    method, is_setup = book.things[intent["payment_method"]], intent["object"] == "setup_intent"
    if is_setup and is_right:
        refused = setups.save(book, intent, method, base, is_authenticated=True)
    elif is_setup:
        refused = setups.fail(book, intent, method, setups.GAVE_UP)
    elif is_right:
        refused = attempts.pay(book, intent, method, base, is_authenticated=True)
    else:
        refused = attempts.fail(book, intent, method, attempts.GAVE_UP, is_charged=False)
    session = book.things.get(intent["_session"] or "")
    if session is None:
        return _back(intent)
    if is_setup and refused is None:
        return complete(book, session, payment_status="no_payment_required")
    return _after(book, session, intent, method, refused, base)


def _back(intent: Thing) -> str:
    """Returns the merchant's page, with what Stripe adds to it."""
    name, url = intent["object"], intent["_return_url"] or "about:blank"
    said = "succeeded" if intent["status"] == "succeeded" else "failed"
    more = urlencode({name: intent["id"], f"{name}_client_secret": intent["client_secret"], "redirect_status": said})
    return f"{url}{'&' if '?' in url else '?'}{more}"
