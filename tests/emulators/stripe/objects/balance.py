"""The money of an account: balance transactions, payouts, and the balance that they add up to.

A charge's transaction is known some seconds after it (`Switches.fee_seconds`); the sum of all `net` is the balance.
"""

from tests.emulators.stripe.objects import lists
from tests.emulators.stripe.objects.call import Call
from tests.emulators.stripe.objects.events import tell
from tests.emulators.stripe.state import Book, Thing

FEE_BASIS_POINTS, FEE_CENTS = 290, 30
DISPUTE_FEE_CENTS = 1_500
AVAILABLE_AFTER_SECONDS = 2 * 24 * 3_600
CATEGORIES = {"payout": "payout", "refund": "refund", "refund_failure": "refund_failure", "charge": "charge",
              "stripe_fee": "fee", "adjustment": "other_adjustment"}  # fmt: skip


def fee_of(cents: int) -> int:
    """Returns what Stripe takes of a card payment, rounded half up."""
    return (cents * FEE_BASIS_POINTS + 5_000) // 10_000 + FEE_CENTS


def book_movement(
    book: Book, kind: str, cents: int, fee: int, source: str | None, *, category: str | None = None,
    description: str | None = None,
) -> Thing:  # fmt: skip
    """Keeps a balance transaction: `cents` in (or out, below zero), less a fee."""
    details = [] if fee == 0 else [
        {"amount": fee, "application": None, "currency": book.account.currency,
         "description": "Stripe processing fees", "type": "stripe_fee"}
    ]  # fmt: skip
    available_on = book.clock.seconds() + (AVAILABLE_AFTER_SECONDS if kind == "charge" else 0)
    made = book.add(
        "balance_transaction", "txn",
        {
            "amount": cents, "available_on": available_on, "balance_type": "payments",
            "currency": book.account.currency, "description": description, "exchange_rate": None, "fee": fee,
            "fee_details": details, "net": cents - fee, "reporting_category": category or CATEGORIES[kind],
            "source": source, "status": "pending" if kind == "charge" else "available", "type": kind,
        },
    )  # fmt: skip
    del made["livemode"]
    return made


def book_charge(book: Book, charge: Thing) -> None:
    """Makes a charge's transaction, and says so."""
    made = book_movement(
        book, "charge", charge["amount"], fee_of(charge["amount"]), charge["id"], description=charge["description"]
    )
    charge["balance_transaction"] = made["id"]
    tell(book, "charge.updated", charge, balance_transaction=None)


def pay_out(book: Book, cents: int) -> Thing:
    """Sends money to the account's bank, as Stripe does by its own schedule."""
    payout = book.add(
        "payout", "po",
        {
            "amount": cents, "arrival_date": book.clock.seconds() + 24 * 3_600, "automatic": True,
            "balance_transaction": None, "currency": book.account.currency, "description": "STRIPE PAYOUT",
            "destination": None, "failure_balance_transaction": None, "failure_code": None, "failure_message": None,
            "metadata": {}, "method": "standard", "reconciliation_status": "completed", "source_type": "card",
            "statement_descriptor": None, "status": "paid", "type": "bank_account",
        },
    )  # fmt: skip
    made = book_movement(book, "payout", -cents, 0, payout["id"], description="STRIPE PAYOUT")
    payout["balance_transaction"] = made["id"]
    tell(book, "payout.created", payout)
    tell(book, "payout.paid", payout)
    return payout


def _status(book: Book, movement: Thing) -> str:
    return "available" if movement["available_on"] <= book.clock.seconds() else "pending"


def retrieve_balance(call: Call) -> Thing:
    """Adds the account's transactions up: what can be paid out, and what will be."""
    currency, sums = call.book.account.currency, {"available": 0, "pending": 0}
    for movement in call.book.all("balance_transaction"):
        sums[_status(call.book, movement)] += movement["net"]
    parts = {
        name: [{"amount": cents, "currency": currency, "source_types": {"card": cents}}] for name, cents in sums.items()
    }
    reserved = [{"amount": 0, "currency": currency}]
    return {"object": "balance", "connect_reserved": reserved, "livemode": call.book.is_live, **parts}


def retrieve(call: Call) -> Thing:
    found = call.book.named("balance_transaction", call.ids[0])
    found["status"] = _status(call.book, found)
    return found


def list_movements(call: Call) -> Thing:
    """Lists balance transactions, the newest first, by source, type, payout and age."""
    params = call.params
    for movement in call.book.all("balance_transaction"):
        movement["status"] = _status(call.book, movement)
    return lists.page(
        call, "balance_transaction", "/v1/balance_transactions",
        lambda one: all(one[name] == params[name] for name in ("source", "type", "currency") if name in params),
    )  # fmt: skip


def retrieve_payout(call: Call) -> Thing:
    return call.book.named("payout", call.ids[0])


def list_payouts(call: Call) -> Thing:
    return lists.page(call, "payout", "/v1/payouts", lambda _: True)
