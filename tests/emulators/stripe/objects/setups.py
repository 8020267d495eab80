"""SetupIntents: a card is saved for later without a payment."""

from tests.emulators.stripe.errors import Refused, unexpected
from tests.emulators.stripe.objects import lists
from tests.emulators.stripe.objects.attempts import GAVE_UP_MESSAGE
from tests.emulators.stripe.objects.call import Call
from tests.emulators.stripe.objects.cards import Asking, Decline, behaviour
from tests.emulators.stripe.objects.customers import attach_to, take_method
from tests.emulators.stripe.objects.events import tell
from tests.emulators.stripe.state import Book, Thing, new_id, shown

GAVE_UP = Decline("setup_intent_authentication_failure", None, GAVE_UP_MESSAGE)


def build(book: Book, params: Thing, *, session_id: str | None = None) -> Thing:
    """Keeps a new intent, unconfirmed."""
    made = book.add("setup_intent", "seti", {
        "allowed_payment_method_types": params.get("allowed_payment_method_types"), "application": None,
        "automatic_payment_methods": None, "cancellation_reason": None, "client_secret": None,
        "customer": params.get("customer"), "customer_account": None, "description": params.get("description"),
        "excluded_payment_method_types": None, "flow_directions": None, "last_setup_error": None,
        "latest_attempt": None, "mandate": None, "metadata": params.get("metadata") or {}, "next_action": None,
        "on_behalf_of": None, "payment_method": None, "payment_method_configuration_details": None,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"], "single_use_mandate": None, "status": "requires_payment_method",
        "usage": params.get("usage", "off_session"), "_session": session_id, "_return_url": params.get("return_url"),
        "_allow_redisplay": None,
    })  # fmt: skip
    made["client_secret"] = f"{made['id']}_secret_{new_id('s')[2:]}"
    tell(book, "setup_intent.created", made)
    return made


def create(call: Call) -> Thing:
    params = call.params
    if "customer" in params:
        call.book.given("customer", params["customer"], "customer")
    method = take_method(call.book, params["payment_method"]) if "payment_method" in params else None
    made = build(call.book, params)
    if method is not None:
        made["payment_method"], made["status"] = method["id"], "requires_confirmation"
        if params.get("confirm"):
            _confirm(call, made, method)
    return made


def save(book: Book, intent: Thing, method: Thing, base: str, *, is_authenticated: bool = False) -> Refused | None:
    """Tries to save a card. Returns why not; None is saved or waiting for the payer."""
    about = behaviour(method["_number"])
    intent["payment_method"], intent["last_setup_error"], intent["next_action"] = method["id"], None, None
    if about.asking is not Asking.NEVER and not is_authenticated:
        url = f"{base}/3ds/{intent['id']}"
        intent["status"] = "requires_action"
        intent["next_action"] = {
            "redirect_to_url": {"return_url": intent["_return_url"], "url": url}, "type": "redirect_to_url",
        }  # fmt: skip
        tell(book, "setup_intent.requires_action", intent)
        return None
    if about.decline is not None and not about.is_saved_first:
        return fail(book, intent, method, about.decline)
    method["_is_set_up"] = True
    if intent["customer"] is not None:
        customer = book.things[intent["customer"]]
        attach_to(book, method, customer, allow_redisplay=intent["_allow_redisplay"])
    intent["status"] = "succeeded"
    tell(book, "setup_intent.succeeded", intent)
    return None


def fail(book: Book, intent: Thing, method: Thing, decline: Decline) -> Refused:
    """Writes down that a card was not saved, and returns what an API call answers then."""
    intent |= {"status": "requires_payment_method", "next_action": None, "payment_method": None}
    error: Thing = {
        "code": decline.code,
        "message": decline.message,
        "payment_method": shown(method),
        "type": "card_error",
    }
    if decline.decline_code is not None:
        error["decline_code"] = decline.decline_code
    intent["last_setup_error"] = error
    tell(book, "setup_intent.setup_failed", intent)
    more = {name: value for name, value in error.items() if name not in ("code", "message", "type")}
    return Refused(402, decline.message, kind="card_error", code=decline.code, setup_intent=shown(intent), **more)


def _confirm(call: Call, intent: Thing, method: Thing) -> None:
    intent["_return_url"] = call.params.get("return_url")
    refused = save(call.book, intent, method, call.base)
    if refused is not None:
        raise refused


def confirm(call: Call) -> Thing:
    intent = call.book.named("setup_intent", call.ids[0])
    if intent["status"] in ("succeeded", "canceled"):
        message = f"You cannot confirm this SetupIntent because it has already {intent['status']}."
        raise unexpected(message, "setup_intent_unexpected_state", setup_intent=shown(intent))
    method_id = call.params.get("payment_method") or intent["payment_method"]
    if method_id is None:
        message = "You cannot confirm this SetupIntent because it's missing a payment method."
        raise unexpected(message, "setup_intent_unexpected_state", setup_intent=shown(intent))
    _confirm(call, intent, take_method(call.book, method_id))
    return intent


def cancel(call: Call) -> Thing:
    intent = call.book.named("setup_intent", call.ids[0])
    if intent["status"] in ("succeeded", "canceled"):
        message = f"You cannot cancel this SetupIntent because it has a status of {intent['status']}."
        raise unexpected(message, "setup_intent_unexpected_state", setup_intent=shown(intent))
    intent |= {"status": "canceled", "cancellation_reason": call.params.get("cancellation_reason"),
               "next_action": None}  # fmt: skip
    tell(call.book, "setup_intent.canceled", intent)
    return intent


def retrieve(call: Call) -> Thing:
    return call.book.named("setup_intent", call.ids[0])


def list_intents(call: Call) -> Thing:
    names = [name for name in ("customer", "payment_method") if name in call.params]
    return lists.page(
        call, "setup_intent", "/v1/setup_intents", lambda one: all(one[name] == call.params[name] for name in names)
    )
