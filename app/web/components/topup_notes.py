"""What pages say of a top-up that its payer comes back from, and of a wallet that is frozen."""

from collections.abc import Collection

import reflex as rx

from app.domain.wallets.tables import FreezeReason
from app.web.components.parts import note
from app.web.components.returned import ASKING, BANK, OPEN, SLOW, ReturnedState

_WHY = {
    FreezeReason.DISPUTE: "Your bank took back a payment that filled it. Apps cannot charge it until that is settled."
    " If you did not mean to dispute the payment, tell your bank.",
    FreezeReason.WARNING: "The card network suspects that a payment into it was fraud. Apps cannot charge it until"
    " that is settled.",
    FreezeReason.OPERATOR: "Apps cannot charge it. Whoever runs this service can say why.",
}


def topup_notes(state: type[ReturnedState], paid: rx.Component) -> rx.Component:
    """Returns how a top-up ended: `paid` where it was, what expired, what is waited for, and whether it goes back."""
    expired = note("The checkout has expired", "Nothing was charged. You can try again.", "bad")
    nothing_to_do = "It is being refunded in full; you need not do anything."
    mismatch = note("That payment did not match", nothing_to_do, "bad")
    second = note("A payment came beside the one that counts", nothing_to_do, "bad")
    returned = rx.cond(state.outcome == "paid", second, mismatch)
    # Beside a payment that goes back nobody is told that nothing was charged.
    ended, waits = (rx.cond(state.goes_back, rx.fragment(), said) for said in (expired, _waits(state)))
    how = rx.match(state.outcome, ("paid", paid), ("expired", ended), ("created", waits), rx.fragment())
    return rx.fragment(how, rx.cond(state.goes_back, returned, rx.fragment()))


def _waits(state: type[ReturnedState]) -> rx.Component:
    asking = note("Paid. We are waiting for Stripe to confirm.", "That takes seconds; this page shows it.", "wait")
    slow = note("Paid. Stripe has not confirmed it yet.", "You can close this page; the money will be there.", "wait")
    bank = note("Your bank needs 1–5 days", "Your payment is on its way, and nothing is left for you to do. The money"
                " is here as soon as your bank says yes; do not pay again.", "wait")  # fmt: skip
    unpaid = note("You have not paid yet", "Nothing was charged. You can pay whenever you like.", "wait")
    return rx.match(state.waiting, (ASKING, asking), (SLOW, slow), (BANK, bank), (OPEN, unpaid), rx.fragment())


def unless_waiting(state: type[ReturnedState], form: rx.Component) -> rx.Component:
    """Returns a form to pay; while a payment is on its way it takes a click to see it, so that nobody pays twice."""
    quiet = rx.el.div(
        rx.el.p("Your payment is on its way.", class_name="muted"),
        rx.el.button("Make another payment", on_click=state.pay_again, type="button", class_name="btn s"),
        class_name="row between", style={"marginTop": "22px"},
    )  # fmt: skip
    is_waiting = (state.outcome == "created") & (state.waiting != "") & (state.waiting != OPEN)
    return rx.cond(is_waiting & ~state.is_paying_again, quiet, form)


def frozen_note(why: rx.Var[str]) -> rx.Component:
    """Returns that a wallet is frozen and why, nothing where it is not."""
    return rx.cond(why != "", note("This wallet is frozen", why, "bad"), rx.fragment())


def words_of(reasons: Collection[FreezeReason]) -> str:
    """Returns why a wallet is frozen, the gravest reason alone; empty where it is not."""
    return next((words for reason, words in _WHY.items() if reason in reasons), "")
