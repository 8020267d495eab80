"""PaymentIntents: made, confirmed with or without the payer, cancelled, listed by customer."""

from tests.emulators.stripe.errors import Refused, unexpected
from tests.emulators.stripe.objects import attempts, lists
from tests.emulators.stripe.objects.call import Call
from tests.emulators.stripe.objects.customers import make_method, take_method
from tests.emulators.stripe.objects.endpoints import merged
from tests.emulators.stripe.objects.events import tell
from tests.emulators.stripe.state import Book, Thing, new_id, shown

AMOUNT_MIN, AMOUNT_MAX = 50, 99_999_999
CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
CANCELABLE = ("requires_payment_method", "requires_capture", "requires_reauthorization", "requires_confirmation",
              "requires_action", "processing")  # fmt: skip


def build(book: Book, params: Thing, *, session_id: str | None = None) -> Thing:
    """Keeps a new intent, unconfirmed."""
    amount, types = params["amount"], params.get("allowed_payment_method_types")
    if amount < AMOUNT_MIN:
        raise Refused(400, "Amount must be at least $0.50 usd", code="amount_too_small", param="amount")
    if amount > AMOUNT_MAX:
        raise Refused(400, "Amount must be no more than $999,999.99", code="amount_too_large", param="amount")
    automatic = {"allow_redirects": "always", "enabled": True}
    if types is not None or session_id is not None:
        automatic = {}
    elif "automatic_payment_methods" in params:
        automatic |= params["automatic_payment_methods"]
    options = {"card": {"installments": None, "mandate_options": None, "network": None,
                        "request_three_d_secure": "automatic"}}  # fmt: skip
    for name, value in (params.get("payment_method_options") or {}).items():
        options.setdefault(name, {}).update(value)
    made = book.add("payment_intent", "pi", {
        "allowed_payment_method_types": types, "amount": amount, "amount_capturable": 0, "amount_details": {"tip": {}},
        "amount_received": 0, "application": None, "application_fee_amount": None,
        "automatic_payment_methods": automatic or None, "canceled_at": None, "cancellation_reason": None,
        "capture_method": "automatic_async", "client_secret": None, "confirmation_method": "automatic",
        "currency": params["currency"], "customer": params.get("customer"), "customer_account": None,
        "description": params.get("description"), "excluded_payment_method_types": None, "last_payment_error": None,
        "latest_charge": None, "managed_payments": {"enabled": False}, "metadata": params.get("metadata") or {},
        "next_action": None, "on_behalf_of": None, "payment_method": None,
        "payment_method_configuration_details": None, "payment_method_options": options,
        "payment_method_types": types or ["card"], "processing": None, "receipt_email": params.get("receipt_email"),
        "review": None, "setup_future_usage": params.get("setup_future_usage"), "shipping": None, "source": None,
        "statement_descriptor": params.get("statement_descriptor"),
        "statement_descriptor_suffix": params.get("statement_descriptor_suffix"), "status": "requires_payment_method",
        "transfer_data": None, "transfer_group": None, "_session": session_id, "_off_session": False,
        "_return_url": None, "_error_on_requires_action": False, "_allow_redisplay": None,
    })  # fmt: skip
    made["client_secret"] = f"{made['id']}_secret_{new_id('s')[2:]}"
    return made


def create(call: Call) -> Thing:
    """Makes an intent, and confirms it if that is asked for. Raises Refused with 402 for a decline."""
    params, book = call.params, call.book
    if not params.get("confirm") and params.get("off_session") is not None:
        raise Refused(400, "You cannot set `off_session` unless `confirm` is true.", param="off_session")
    if "customer" in params:
        book.given("customer", params["customer"], "customer")
    method = _method(call, params.get("customer"))
    if params.get("confirm"):
        if method is None:
            message = (
                "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update "
                "the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with "
                "a payment method or ConfirmationToken."
            )
            raise unexpected(message, "payment_intent_unexpected_state")
        _check_return_url(params, params)
    made = build(book, params)
    if method is not None:
        made["payment_method"], made["status"] = method["id"], "requires_confirmation"
    tell(book, "payment_intent.created", made)
    if params.get("confirm") and method is not None:
        _confirm(call, made, method)
    return made


def _check_return_url(chosen: Thing, params: Thing) -> None:
    automatic = chosen.get("automatic_payment_methods")
    redirects = (
        chosen.get("allowed_payment_method_types") is None and (automatic or {}).get("allow_redirects") != "never"
    )
    if redirects and (automatic is None or automatic.get("enabled")) and "return_url" not in params:
        message = (
            "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of "
            "these payment methods might redirect your customer off of your page, you must provide a `return_url`. If "
            "you don't want to accept redirect-based payment methods, set "
            "`automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to "
            "`never` when creating Setup Intents and Payment Intents."
        )
        raise Refused(400, message, param="return_url")


def _method(call: Call, customer_id: str | None) -> Thing | None:
    """Returns the card that a call names or brings along, if any; it must be the customer's, or nobody's."""
    params = call.params
    card = (params.get("payment_method_data") or {}).get("card")
    if card is not None and not call.book.is_live:
        return make_method(call.book, card["number"])
    if "payment_method" not in params:
        return None
    method = take_method(call.book, params["payment_method"])
    if method["customer"] is not None and method["customer"] != customer_id:
        message = (
            f"The customer does not have a payment method with the ID {method['id']}. The payment method must be "
            "attached to the customer."
            if customer_id
            else "The payment method supplied belongs to a Customer. Please include the Customer in the `customer` "
            "parameter on the PaymentIntent."
        )
        raise Refused(400, message, code="resource_missing" if customer_id else None, param="payment_method")
    if method["_is_spent"]:
        message = (
            "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared "
            "with a connected account without Customer attachment, or was detached from a Customer. It may not be "
            "used again. To use a PaymentMethod multiple times, you must attach it to a Customer first."
        )
        raise Refused(400, message, param="payment_method")
    return method


def _confirm(call: Call, intent: Thing, method: Thing) -> None:
    params = call.params
    intent |= {
        "_off_session": params.get("off_session", False), "_return_url": params.get("return_url"),
        "_error_on_requires_action": params.get("error_on_requires_action", False),
    }  # fmt: skip
    refused = attempts.pay(call.book, intent, method, call.base)
    if refused is not None:
        raise refused


def confirm(call: Call) -> Thing:
    """Tries again, or for the first time; with the payer there unless `off_session` says otherwise."""
    intent = call.book.named("payment_intent", call.ids[0])
    _refuse_a_sessions(intent, "confirm")
    if intent["status"] not in CONFIRMABLE:
        message = (
            "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed."
            if intent["status"] == "succeeded"
            else f"You cannot confirm this PaymentIntent because it has a status of {intent['status']}. Only a "
            "PaymentIntent with one of the following statuses may be confirmed: requires_confirmation, "
            "requires_action."
        )
        raise unexpected(message, "payment_intent_unexpected_state", payment_intent=shown(intent))
    method = _method(call, intent["customer"])
    if method is None and intent["payment_method"] is not None:
        method = call.book.things[intent["payment_method"]]
    if method is None:
        message = "You cannot confirm this PaymentIntent because it's missing a payment method."
        raise unexpected(message, "payment_intent_unexpected_state", payment_intent=shown(intent))
    _check_return_url(intent, call.params)
    if "setup_future_usage" in call.params:
        intent["setup_future_usage"] = call.params["setup_future_usage"] or None
    _confirm(call, intent, method)
    return intent


def _refuse_a_sessions(intent: Thing, verb: str) -> None:
    if intent["_session"] is not None:
        message = f"You cannot {verb} a PaymentIntent that was created by a Checkout Session."
        raise unexpected(message, "payment_intent_unexpected_state", payment_intent=shown(intent))


def cancel(call: Call) -> Thing:
    """Ends an intent that has not succeeded."""
    intent = call.book.named("payment_intent", call.ids[0])
    _refuse_a_sessions(intent, "cancel")
    if intent["status"] not in CANCELABLE:
        message = (
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}. Only a PaymentIntent "
            f"with one of the following statuses may be canceled: {', '.join(CANCELABLE)}."
        )
        raise unexpected(message, "payment_intent_unexpected_state", payment_intent=shown(intent))
    drop(call.book, intent, call.params.get("cancellation_reason"))
    return intent


def drop(book: Book, intent: Thing, reason: str | None) -> None:
    """Cancels an intent, whoever's it is."""
    intent |= {"status": "canceled", "canceled_at": book.clock.seconds(), "cancellation_reason": reason,
               "next_action": None}  # fmt: skip
    tell(book, "payment_intent.canceled", intent)


def retrieve(call: Call) -> Thing:
    return call.book.named("payment_intent", call.ids[0])


def update(call: Call) -> Thing:
    """Changes what may still change."""
    intent, params = call.book.named("payment_intent", call.ids[0]), call.params
    if "metadata" in params:
        intent["metadata"] = merged(intent["metadata"], params["metadata"])
    changed: Thing = {name: params[name] for name in ("amount", "description", "receipt_email") if name in params}
    if "amount" in changed and intent["status"] not in CONFIRMABLE:
        message = f"This PaymentIntent's amount could not be updated because it has a status of {intent['status']}."
        raise unexpected(message, "payment_intent_unexpected_state", payment_intent=shown(intent))
    intent.update(changed)
    return intent


def list_intents(call: Call) -> Thing:
    """Lists intents by customer and age."""
    customer_id = call.params.get("customer")
    if customer_id is not None:
        call.book.given("customer", customer_id, "customer")
    return lists.page(call, "payment_intent", "/v1/payment_intents", lambda one: customer_id in (None, one["customer"]))
