"""A bank's 3-D Secure page: the payer confirms a payment, or gives up. Opening it changes nothing."""

from html import escape

from tests.emulators.stripe.pages.layout import document, money
from tests.emulators.stripe.state import Book, Thing


def show(book: Book, intent: Thing) -> str:
    """Returns the page of an intent; one that does not wait for its payer says so."""
    if intent["status"] != "requires_action":
        body = '<div class="box"><h1>Nothing to confirm</h1><p>This payment does not wait for you.</p></div>'
        return document("3-D Secure", body, is_live=book.is_live, is_narrow=True)
    what = "Save this card for later"
    if intent["object"] == "payment_intent":
        what = f"Pay {money(intent['amount'], intent['currency'])}"
    card = book.things[intent["payment_method"]]["card"]
    body = (
        f'<form method="post"><h1>Your bank asks</h1><p>{escape(what)} to {escape(book.account.name)} with '
        f"{escape(card['brand'].title())}&nbsp;····&nbsp;{card['last4']}?</p>"
        '<button name="answer" value="complete">Complete authentication</button>'
        '<button name="answer" value="fail" class="quiet">Fail authentication</button></form>'
    )
    return document("3-D Secure", body, is_live=book.is_live, is_narrow=True)
