"""What pages say of a top-up that its payer comes back from."""

import reflex as rx

from app.web.components.parts import note


def topup_notes(outcome: rx.Var[str], goes_back: rx.Var[bool], paid: rx.Component) -> rx.Component:
    """Returns how a top-up ended: `paid` where it was, what expired, and whether a payment for it goes back."""
    expired = note("The checkout has expired", "Nothing was charged. You can try again.", "bad")
    nothing_to_do = "We give it back in full; you need not do anything."
    mismatch = note("That payment did not match", nothing_to_do, "bad")
    second = note("A payment came beside the one that counts", nothing_to_do, "bad")
    returned = rx.cond(outcome == "paid", second, mismatch)
    # Beside a payment that goes back nobody is told that nothing was charged.
    ended = rx.cond(goes_back, rx.fragment(), expired)
    how = rx.match(outcome, ("paid", paid), ("expired", ended), rx.fragment())
    return rx.fragment(how, rx.cond(goes_back, returned, rx.fragment()))
