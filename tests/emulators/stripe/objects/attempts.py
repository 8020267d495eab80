"""One attempt at paying a PaymentIntent: paid, declined, or waiting for the payer to authenticate."""

from tests.emulators.stripe.errors import Refused
from tests.emulators.stripe.objects.cards import Asking, Decline, behaviour
from tests.emulators.stripe.objects.charges import charge
from tests.emulators.stripe.objects.customers import attach_to
from tests.emulators.stripe.objects.events import tell
from tests.emulators.stripe.state import Book, Thing, shown

NEEDS_THE_PAYER = Decline(
    "authentication_required", "authentication_required",
    "Your card was declined. This transaction requires authentication.",
)  # fmt: skip
GAVE_UP_MESSAGE = (
    "We are unable to authenticate your payment method. Please choose a different payment method and try again."
)
GAVE_UP = Decline("payment_intent_authentication_failure", None, GAVE_UP_MESSAGE)


def asks(method: Thing, *, is_saving: bool, is_off_session: bool) -> bool:
    """Tells whether the card's bank wants the payer; saving a saved card anew off-session asks again."""
    asking = behaviour(method["_number"]).asking
    if asking is Asking.UNLESS_SET_UP:
        return not method["_is_set_up"] or (is_saving and is_off_session)
    return asking is Asking.ALWAYS


def pay(book: Book, intent: Thing, method: Thing, base: str, *, is_authenticated: bool = False) -> Refused | None:
    """Tries to charge a card. Returns why not, as the error that an API call answers with; None is paid or waiting."""
    is_off_session = bool(intent["_off_session"])
    intent["payment_method"], intent["last_payment_error"], intent["next_action"] = method["id"], None, None
    is_asked = asks(method, is_saving=intent["setup_future_usage"] is not None, is_off_session=is_off_session)
    if is_asked and not is_authenticated:
        if is_off_session:
            return fail(book, intent, method, NEEDS_THE_PAYER)
        return _wait(book, intent, method, base)
    about = behaviour(method["_number"])
    if about.decline is not None:
        return fail(book, intent, method, about.decline, is_authenticated=is_asked)
    made = charge(book, intent, method, None, is_authenticated=is_asked)
    intent |= {"latest_charge": made["id"], "status": "succeeded", "amount_received": intent["amount"]}
    if intent["setup_future_usage"] is not None and intent["customer"] is not None:
        method["_is_set_up"] = method["_is_set_up"] or intent["setup_future_usage"] == "off_session"
        if method["customer"] is None:
            customer = book.things[intent["customer"]]
            attach_to(book, method, customer, allow_redisplay=intent["_allow_redisplay"] or "limited")
    elif method["customer"] is None:
        method["_is_spent"] = True
    tell(book, "payment_intent.succeeded", intent)
    return None


def _wait(book: Book, intent: Thing, method: Thing, base: str) -> Refused | None:
    if intent["_error_on_requires_action"]:
        return fail(book, intent, method, NEEDS_THE_PAYER)
    url = f"{base}/3ds/{intent['id']}"
    intent["status"] = "requires_action"
    if intent["_return_url"]:
        intent["next_action"] = {
            "redirect_to_url": {"return_url": intent["_return_url"], "url": url}, "type": "redirect_to_url",
        }  # fmt: skip
    else:
        intent["next_action"] = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}
    tell(book, "payment_intent.requires_action", intent)
    return None


def fail(
    book: Book, intent: Thing, method: Thing, decline: Decline, *, is_authenticated: bool = False,
    is_charged: bool = True,
) -> Refused:  # fmt: skip
    """Writes down that an attempt failed, and returns what an API call answers then."""
    intent |= {"status": "requires_payment_method", "next_action": None, "payment_method": None}
    error: Thing = {
        "code": decline.code, "doc_url": f"https://stripe.com/docs/error-codes/{decline.code.replace('_', '-')}",
        "message": decline.message, "payment_method": shown(method),
        "type": "card_error" if decline is not GAVE_UP else "invalid_request_error",
    }  # fmt: skip
    if is_charged:
        made = charge(book, intent, method, decline, is_authenticated=is_authenticated)
        intent["latest_charge"] = error["charge"] = made["id"]
    if decline.decline_code is not None:
        error["decline_code"] = decline.decline_code
    if decline.advice_code is not None:
        error["advice_code"] = decline.advice_code
    intent["last_payment_error"] = error
    tell(book, "payment_intent.payment_failed", intent)
    more = {name: value for name, value in error.items() if name not in ("code", "message", "type", "doc_url")}
    return Refused(402, decline.message, kind="card_error", code=decline.code, payment_intent=shown(intent), **more)
