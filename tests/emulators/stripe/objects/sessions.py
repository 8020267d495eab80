"""Checkout Sessions: made by API, paid on their page, expired by the clock or by API."""

from tests.emulators.stripe.errors import Refused
from tests.emulators.stripe.objects import intents, lists
from tests.emulators.stripe.objects.call import Call
from tests.emulators.stripe.objects.endpoints import merged
from tests.emulators.stripe.objects.events import tell
from tests.emulators.stripe.state import Book, Thing, new_id

OPEN_SECONDS_MIN, OPEN_SECONDS_MAX = 30 * 60, 24 * 3_600


def create(call: Call) -> Thing:
    """Makes a session. Raises Refused for what its mode does not allow."""
    params, book = call.params, call.book
    mode = params.get("mode")
    if mode not in ("payment", "setup"):
        raise Refused(400, "Missing required param: mode.", code="parameter_missing", param="mode")
    _check(call, mode)
    now = book.clock.seconds()
    expires_at = params.get("expires_at", now + OPEN_SECONDS_MAX)
    if not now + OPEN_SECONDS_MIN - 60 <= expires_at <= now + OPEN_SECONDS_MAX + 60:
        message = "The `expires_at` timestamp must be 30 minutes to 24 hours from Checkout Session creation."
        raise Refused(400, message, param="expires_at")
    items = _items(params) if mode == "payment" else []
    made = book.add("checkout.session", "cs_live" if book.is_live else "cs_test", _fields(call, mode, items))
    made |= {"expires_at": expires_at, "url": f"{call.base}/c/pay/{made['id']}", "_items": items}
    if mode == "payment":
        price(made, book, sum(item["amount_total"] for item in items))
    book.later(expires_at - book.clock.now(), lambda: end(book, made))
    return made


def _check(call: Call, mode: str) -> None:
    params = call.params
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        raise Refused(400, "This emulator has the hosted page only.", param="ui_mode")
    if "success_url" not in params:
        raise Refused(400, "Missing required param: success_url.", code="parameter_missing", param="success_url")
    for name in ("success_url", "cancel_url"):
        if name in params and not params[name].startswith(("http://", "https://")):
            raise Refused(400, "Not a valid URL", code="url_invalid", param=name)
    if "customer" in params:
        call.book.given("customer", params["customer"], "customer")
        if "customer_email" in params:
            message = "You may only specify one of these parameters: customer, customer_email."
            raise Refused(400, message, param="customer_email")
    save = (params.get("saved_payment_method_options") or {}).get("payment_method_save")
    if save is not None and "customer" not in params:
        message = "`saved_payment_method_options[payment_method_save]` can only be used with a customer."
        raise Refused(400, message, param="saved_payment_method_options[payment_method_save]")
    refused = ("line_items", "payment_intent_data") if mode == "setup" else ("setup_intent_data",)
    for name in refused:
        if name in params:
            raise Refused(400, f"You can not pass `{name}` in `{mode}` mode.", param=name)
    if mode == "setup" and "currency" not in params and "allowed_payment_method_types" not in params:
        raise Refused(400, "Missing required param: currency.", code="parameter_missing", param="currency")


def _items(params: Thing) -> list[Thing]:
    """Reads what is sold; every item in the same currency, each with a price of its own."""
    if not params.get("line_items"):
        raise Refused(400, "Missing required param: line_items.", code="parameter_missing", param="line_items")
    items, currency = [], params["line_items"][0].get("price_data", {}).get("currency")
    for at, item in enumerate(params["line_items"]):
        data, where = item.get("price_data"), f"line_items[{at}]"
        if data is None or "unit_amount" not in data:
            message = f"Missing required param: {where}[price_data][unit_amount]."
            raise Refused(400, message, code="parameter_missing", param=f"{where}[price_data][unit_amount]")
        if data["currency"] != currency:
            raise Refused(400, "All line items must have the same currency.", param=where)
        total = data["unit_amount"] * item.get("quantity", 1)
        items.append({
            "id": new_id("li"), "object": "item", "amount_discount": 0, "amount_subtotal": total, "amount_tax": 0,
            "amount_total": total, "currency": currency,
            "description": (data.get("product_data") or {}).get("name"), "quantity": item.get("quantity", 1),
        })  # fmt: skip
    return items


def _fields(call: Call, mode: str, items: list[Thing]) -> Thing:
    params, data = call.params, call.params.get("payment_intent_data") or {}
    types = params.get("allowed_payment_method_types")
    adaptive = (params.get("adaptive_pricing") or {}).get("enabled", call.book.switches.adaptive_pricing)
    saved = params.get("saved_payment_method_options") or {}
    return {
        "adaptive_pricing": {"enabled": adaptive} if mode == "payment" else None, "after_expiration": None,
        "allow_promotion_codes": params.get("allow_promotion_codes"), "allowed_payment_method_types": types,
        "amount_subtotal": None, "amount_total": None,
        "automatic_tax": {"enabled": (params.get("automatic_tax") or {}).get("enabled", False), "liability": None,
                          "provider": None, "status": None},
        "billing_address_collection": None, "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"), "client_secret": None,
        "collected_information": None, "consent": None, "consent_collection": params.get("consent_collection"),
        "currency": items[0]["currency"] if items else params.get("currency"), "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {"after_submit": None, "shipping_address": None, "submit": None,
                        "terms_of_service_acceptance": None},
        "customer": params.get("customer"), "customer_account": None,
        "customer_creation": params.get("customer_creation", "if_required") if mode == "payment" else None,
        "customer_details": None, "customer_email": params.get("customer_email"), "discounts": [],
        "excluded_payment_method_types": None, "integration_identifier": None, "invoice": None,
        "invoice_creation": {"enabled": False, "invoice_data": None}, "locale": params.get("locale"),
        "managed_payments": {"enabled": False}, "metadata": params.get("metadata") or {}, "mode": mode,
        "origin_context": None, "payment_intent": None, "payment_link": None,
        "payment_method_collection": "if_required", "payment_method_configuration_details": None,
        "payment_method_options": params.get("payment_method_options") or {},
        "payment_method_types": types or ["card"], "payment_status": "unpaid" if mode == "payment" else
        "no_payment_required", "permissions": None, "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "saved_payment_method_options": {
            "allow_redisplay_filters": saved.get("allow_redisplay_filters", ["always"]),
            "payment_method_remove": saved.get("payment_method_remove", "disabled"),
            "payment_method_save": saved.get("payment_method_save"),
        } if "customer" in params else None,
        "setup_intent": None, "shipping_address_collection": None, "shipping_cost": None, "shipping_options": [],
        "status": "open", "submit_type": params.get("submit_type"), "subscription": None,
        "success_url": params["success_url"], "total_details": None, "ui_mode": "hosted_page",
        "wallet_options": params.get("wallet_options"), "_intent_data": data,
        "_setup_data": params.get("setup_intent_data") or {}, "_error": None,
    }  # fmt: skip


def price(session: Thing, book: Book, subtotal: int, discount: int = 0) -> None:
    """Writes what is to be paid: the subtotal, less a discount, plus the tax that the account's switch says."""
    tax = (subtotal - discount) * book.switches.tax_basis_points // 10_000
    session |= {
        "amount_subtotal": subtotal, "amount_total": subtotal - discount + tax,
        "total_details": {"amount_discount": discount, "amount_shipping": 0, "amount_tax": tax},
    }  # fmt: skip


def intent_of(book: Book, session: Thing) -> Thing:
    """Returns the session's PaymentIntent, made with its first attempt."""
    if session["payment_intent"] is not None:
        return book.things[session["payment_intent"]]
    data, types = session["_intent_data"], session["allowed_payment_method_types"]
    params = {**data, "amount": session["amount_total"], "currency": session["currency"],
              "customer": session["customer"], "allowed_payment_method_types": types}  # fmt: skip
    made = intents.build(book, params, session_id=session["id"])
    session["payment_intent"] = made["id"]
    tell(book, "payment_intent.created", made)
    return made


def end(book: Book, session: Thing) -> None:
    """Expires a session that is still open, with its PaymentIntent."""
    if session["status"] != "open":
        return
    session["status"], session["url"] = "expired", None
    if session["payment_intent"] is not None:
        intents.drop(book, book.things[session["payment_intent"]], "automatic")
    tell(book, "checkout.session.expired", session)


def expire(call: Call) -> Thing:
    found = call.book.named("checkout.session", call.ids[0])
    if found["status"] != "open":
        message = 'Only Checkout Sessions with a status in ["open"] can be expired.'
        raise Refused(400, f"{message} This Checkout Session has a status of {found['status']}.")
    end(call.book, found)
    return found


def retrieve(call: Call) -> Thing:
    return call.book.named("checkout.session", call.ids[0])


def update(call: Call) -> Thing:
    found = call.book.named("checkout.session", call.ids[0])
    if "metadata" in call.params:
        found["metadata"] = merged(found["metadata"], call.params["metadata"])
    return found


def list_items(call: Call) -> Thing:
    found = call.book.named("checkout.session", call.ids[0])
    return lists.of(found["_items"], f"/v1/checkout/sessions/{found['id']}/line_items")


def list_sessions(call: Call) -> Thing:
    """Lists sessions by customer, PaymentIntent, status and age."""
    names = [name for name in ("customer", "payment_intent", "status") if name in call.params]
    return lists.page(
        call, "checkout.session", "/v1/checkout/sessions",
        lambda one: all(one[name] == call.params[name] for name in names),
    )  # fmt: skip
