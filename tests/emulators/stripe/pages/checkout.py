"""The hosted checkout page: what is bought, a form for a card, and the way back to the shop."""

from collections.abc import Mapping
from html import escape

from tests.emulators.stripe.objects.paying import Typed, saved_cards, success_url
from tests.emulators.stripe.pages.layout import document, money
from tests.emulators.stripe.state import Book, Thing

HINTS = (
    ("4242 4242 4242 4242", "pays"), ("4000 0000 0000 0002", "is declined"),
    ("4000 0000 0000 9995", "has not enough money"), ("4000 0025 0000 3155", "asks once, then is saved"),
    ("4000 0027 6000 3184", "asks every time"), ("4000 0000 0000 0341", "can be saved, then declines"),
    ("4000 0000 0000 0259", "pays, then is disputed"), ("4000 0000 0000 1976", "pays, then an inquiry comes"),
    ("4000 0000 0000 5423", "pays, then a fraud warning comes"),
    ("4000 0000 0000 7726", "its refunds are pending first"), ("4000 0000 0000 5126", "its refunds fail later"),
)  # fmt: skip


def show(book: Book, session: Thing) -> str:
    """Returns the page as the session is now."""
    name = escape(book.account.name)
    if session["status"] == "expired":
        back = f'<p><a href="{escape(session["cancel_url"])}">Back to {name}</a></p>' if session["cancel_url"] else ""
        body = f'<div class="box"><h1>This link has expired</h1><p>Nothing was charged.</p>{back}</div>'
        return document("Link expired", body, is_live=book.is_live, is_narrow=True)
    if session["status"] == "complete":
        url = escape(success_url(session))
        body = f'<div class="box"><h1>You’re all done here</h1><p><a href="{url}">Back to {name}</a></p></div>'
        return document("Done", body, is_live=book.is_live, is_narrow=True)
    return document(
        f"{book.account.name} · Checkout", _summary(book, session) + _form(book, session), is_live=book.is_live
    )


def _summary(book: Book, session: Thing) -> str:
    name, back = escape(book.account.name), ""
    if session["cancel_url"]:
        back = f'<p><a href="{escape(session["cancel_url"])}">← Back to {name}</a></p>'
    if session["mode"] == "setup":
        return f"<section>{back}<h1>{name}</h1><p>Save a payment method for later.</p></section>"
    parts = [(escape(item["description"] or "Payment"), item["amount_total"]) for item in session["_items"]]
    details = session["total_details"]
    parts += [("Discount", -details["amount_discount"])] if details["amount_discount"] else []
    parts += [("Tax", details["amount_tax"])] if details["amount_tax"] else []
    rows = "".join(f"<tr><td>{label}</td><td>{money(cents, session['currency'])}</td></tr>" for label, cents in parts)
    total = money(session["amount_total"], session["currency"])
    return f'<section>{back}<h1>{name}</h1><p class="amount">{total}</p><table>{rows}</table></section>'


def _form(book: Book, session: Thing) -> str:
    is_setup = session["mode"] == "setup"
    label = "Save card" if is_setup else f"Pay {money(session['amount_total'], session['currency'])}"
    wrong = f'<p class="wrong" role="alert">{escape(session["_error"])}</p>' if session["_error"] else ""
    return (
        f'<section><form method="post" autocomplete="off">{wrong}{_email(session)}{_methods(book, session)}{_card()}'
        f'{_saving(session)}<button type="submit">{label}</button></form>{_hints()}</section>'
    )


def _email(session: Thing) -> str:
    if session["customer"] is not None:
        return ""
    value = escape(session["customer_email"] or "")
    return f'<label>Email<input name="email" type="email" value="{value}"></label>'


def _methods(book: Book, session: Thing) -> str:
    """The choice between saved cards, a new one, and methods that take days, where there is any."""
    rows = [
        (one["id"], f"{one['card']['brand'].title()} ···· {one['card']['last4']}") for one in saved_cards(book, session)
    ]
    others = [kind for kind in session["payment_method_types"] if kind != "card"]
    if not rows and not others:
        return ""
    rows.append(("", "New card"))
    rows += [("delayed", f"{kind.replace('_', ' ').title()} (takes days)") for kind in others]
    return "".join(
        f'<label class="row"><input type="radio" name="method" value="{value}"{" checked" if at == 0 else ""}>'
        f"{escape(text)}</label>"
        for at, (value, text) in enumerate(rows)
    )


def _card() -> str:
    return (
        '<label>Card number<input name="number" inputmode="numeric" placeholder="1234 1234 1234 1234"></label>'
        '<div class="two"><label>Expiration<input name="expiry" placeholder="MM / YY" value="12 / 34"></label>'
        '<label>CVC<input name="cvc" inputmode="numeric" placeholder="CVC" value="123"></label></div>'
        '<label>Cardholder name<input name="name" placeholder="Full name on card"></label>'
    )


def _saving(session: Thing) -> str:
    options = session["saved_payment_method_options"] or {}
    text = "Save my card for the next time"
    box = f'<label class="row"><input type="checkbox" name="save" value="yes">{text}</label>'
    terms = session["_intent_data"].get("setup_future_usage") == "off_session" or session["mode"] == "setup"
    said = '<p class="soft">By continuing you allow this merchant to charge this card later, as its terms say.</p>'
    return (box if options.get("payment_method_save") == "enabled" else "") + (said if terms else "")


def _hints() -> str:
    rows = "".join(f"<tr><td><code>{number}</code></td><td>{text}</td></tr>" for number, text in HINTS)
    return f'<details class="soft"><summary>Test cards</summary><table>{rows}</table></details>'


def read(form: Mapping[str, str]) -> Typed:
    """Returns what was typed into the page."""
    method = form.get("method", "")
    return Typed(
        number=form.get("number", "").replace(" ", "") if method != "delayed" else "4242424242424242",
        saved_id=method if method.startswith("pm_") else "", email=form.get("email", ""), name=form.get("name", ""),
        is_saving=form.get("save") == "yes", is_delayed=method == "delayed",
    )  # fmt: skip
