"""Customers, and the payment methods that are attached to them."""

from tests.emulators.stripe.errors import Refused
from tests.emulators.stripe.objects import cards, lists
from tests.emulators.stripe.objects.call import Call
from tests.emulators.stripe.objects.cards import GENERIC
from tests.emulators.stripe.objects.charges import NOBODY
from tests.emulators.stripe.objects.endpoints import merged
from tests.emulators.stripe.objects.events import tell
from tests.emulators.stripe.state import Book, Thing

CUSTOMER_FIELDS = ("address", "description", "email", "name", "phone", "shipping", "tax_exempt", "preferred_locales")


def create(call: Call) -> Thing:
    params = call.params
    made = call.book.add("customer", "cus", {
        "address": None, "balance": 0, "currency": None, "default_source": None, "delinquent": False,
        "description": None, "discount": None, "email": None, "invoice_prefix": "E4242",
        "invoice_settings": {"custom_fields": None, "default_payment_method": None, "footer": None,
                             "rendering_options": None},
        "metadata": params.get("metadata") or {}, "name": None, "next_invoice_sequence": 1, "phone": None,
        "preferred_locales": [], "shipping": None, "tax_exempt": "none", "test_clock": None,
    })  # fmt: skip
    _write(made, params)
    tell(call.book, "customer.created", made)
    if params.get("payment_method"):
        attach_to(call.book, take_method(call.book, params["payment_method"]), made)
    return made


def _write(found: Thing, params: Thing) -> None:
    found.update({name: params[name] or None for name in CUSTOMER_FIELDS if name in params})
    chosen = (params.get("invoice_settings") or {}).get("default_payment_method")
    if chosen is not None:
        found["invoice_settings"]["default_payment_method"] = chosen or None


def retrieve(call: Call) -> Thing:
    gone = call.book.find("deleted_customer", call.ids[0])
    if gone is not None:
        return {"id": gone["id"], "object": "customer", "deleted": True}
    return call.book.named("customer", call.ids[0])


def update(call: Call) -> Thing:
    found = call.book.named("customer", call.ids[0])
    _write(found, call.params)
    if "metadata" in call.params:
        found["metadata"] = merged(found["metadata"], call.params["metadata"])
    tell(call.book, "customer.updated", found)
    return found


def delete(call: Call) -> Thing:
    found = call.book.named("customer", call.ids[0])
    for method in call.book.all("payment_method"):
        if method["customer"] == found["id"]:
            method["customer"], method["_is_spent"] = None, True
    tell(call.book, "customer.deleted", found)
    found["object"] = "deleted_customer"
    return {"id": found["id"], "object": "customer", "deleted": True}


def list_customers(call: Call) -> Thing:
    email = call.params.get("email")
    return lists.page(call, "customer", "/v1/customers", lambda one: email is None or one["email"] == email)


def make_method(
    book: Book, number: str, *, month: int = 12, year: int = 2034, email: str | None = None, name: str | None = None
) -> Thing:
    """Makes a payment method of a card's number. Raises Refused with 402 for one that is no test card."""
    return book.add("payment_method", "pm", {
        "allow_redisplay": "unspecified", "billing_details": {**NOBODY, "email": email, "name": name},
        "card": cards.details(book.account.id, number, month, year), "customer": None, "customer_account": None,
        "metadata": {}, "type": "card", "_number": number, "_is_set_up": cards.behaviour(number).is_set_up,
        "_is_spent": False,
    })  # fmt: skip


def take_method(book: Book, method_id: str, param: str = "payment_method") -> Thing:
    """Returns a payment method that a parameter names; the test mode's own ones are made on the way."""
    if method_id in cards.NAMED and not book.is_live:
        return make_method(book, cards.NAMED[method_id])
    return book.given("payment_method", method_id, param)


def create_method(call: Call) -> Thing:
    """Makes a payment method; only test mode takes a card's number from a server."""
    params = call.params
    if params.get("type") != "card":
        raise Refused(400, "This emulator makes payment methods of type card only.", param="type")
    card = params.get("card") or {}
    if "number" not in card or call.book.is_live:
        message = "Sending credit card numbers directly to the Stripe API is generally unsafe."
        raise Refused(402, message, code="card_declined" if call.book.is_live else None)
    made = make_method(call.book, str(card["number"]), month=card.get("exp_month", 12), year=card.get("exp_year", 2034))
    made["metadata"] = params.get("metadata") or {}
    made["allow_redisplay"] = params.get("allow_redisplay", "unspecified")
    return made


def retrieve_method(call: Call) -> Thing:
    return call.book.named("payment_method", call.ids[0])


def update_method(call: Call) -> Thing:
    """Changes a payment method; Stripe wants it attached for that."""
    found, params = call.book.named("payment_method", call.ids[0]), call.params
    if found["customer"] is None:
        raise Refused(400, "You must save this PaymentMethod to a customer before you can update it.")
    if "allow_redisplay" in params:
        found["allow_redisplay"] = params["allow_redisplay"]
    if "metadata" in params:
        found["metadata"] = merged(found["metadata"], params["metadata"])
    found["card"].update({name: value for name, value in (params.get("card") or {}).items() if name.startswith("exp_")})
    found["billing_details"].update(params.get("billing_details") or {})
    tell(call.book, "payment_method.updated", found)
    return found


def attach(call: Call) -> Thing:
    found = take_method(call.book, call.ids[0])
    if "customer" not in call.params:
        raise Refused(400, "Missing required param: customer.", code="parameter_missing", param="customer")
    customer = call.book.given("customer", call.params["customer"], "customer")
    about = cards.behaviour(found["_number"])
    if about.decline is not None and not about.is_saved_first:
        raise Refused(402, GENERIC.message, kind="card_error", code=about.decline.code,
                      decline_code=about.decline.decline_code)  # fmt: skip
    attach_to(call.book, found, customer)
    return found


def attach_to(book: Book, method: Thing, customer: Thing, *, allow_redisplay: str | None = None) -> None:
    """Attaches a payment method, once; one that was attached before and no longer is can never be again."""
    if method["customer"] == customer["id"]:
        return
    if method["_is_spent"]:
        message = (
            "This PaymentMethod was previously used without being attached to a Customer or was detached from a "
            "Customer, and may not be used again."
        )
        raise Refused(400, message)
    if method["customer"] is not None:
        message = "The payment method you provided has already been attached to a customer."
        raise Refused(400, message, code="payment_method_already_attached", param="payment_method")
    method["customer"] = customer["id"]
    if allow_redisplay is not None:
        method["allow_redisplay"] = allow_redisplay
    tell(book, "payment_method.attached", method)


def detach(call: Call) -> Thing:
    found = call.book.named("payment_method", call.ids[0])
    if found["customer"] is None:
        raise Refused(400, "The payment method you provided is not attached to a customer so detachment is impossible.",
                      code="payment_method_not_attached")  # fmt: skip
    was, found["customer"], found["_is_spent"] = found["customer"], None, True
    tell(call.book, "payment_method.detached", found, customer=was)
    return found


def list_methods(call: Call) -> Thing:
    """Lists the methods of a customer, by the address or by a parameter, and by whether they may be shown again."""
    customer_id = call.ids[0] if call.ids else call.params.get("customer")
    if customer_id is not None:
        (call.book.named if call.ids else lambda kind, one: call.book.given(kind, one, "customer"))(
            "customer", customer_id
        )
    wanted = {name: call.params[name] for name in ("type", "allow_redisplay") if name in call.params}
    url = f"/v1/customers/{customer_id}/payment_methods" if call.ids else "/v1/payment_methods"
    return lists.page(
        call, "payment_method", url,
        lambda one: one["customer"] is not None and customer_id in (None, one["customer"])
        and all(one[name] == value for name, value in wanted.items()),
    )  # fmt: skip


def retrieve_customers_method(call: Call) -> Thing:
    call.book.named("customer", call.ids[0])
    found = call.book.named("payment_method", call.ids[1])
    if found["customer"] != call.ids[0]:
        raise Refused(404, f"No such PaymentMethod: '{call.ids[1]}'", code="resource_missing", param="payment_method")
    return found
