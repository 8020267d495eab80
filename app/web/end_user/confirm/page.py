"""How the page of a bank's wish looks: what is to be confirmed, one button, and what became of it."""

import reflex as rx

from app.web.components.parts import instead, panel_skeletons, problem_line, sandbox_tag
from app.web.end_user.confirm.state import ConfirmState
from app.web.frame import routes
from app.web.frame.layout import own_frame

_state = ConfirmState


def confirm() -> rx.Component:
    """Returns the page on which a payment with a saved card is confirmed."""
    wallet = rx.el.a("Open your wallet", href=f"{routes.WALLET}/", class_name="btn primary")
    settings = rx.el.a("Open your settings", href=f"{routes.SETTINGS}/", class_name="btn primary")
    paid = instead("Paid", "The payment is made, and the money is in your wallet.", wallet)
    declined = instead("Your bank declined it", "Nothing was charged. You can use another card.", settings)
    over = instead("There is nothing to confirm any more", "Nothing was charged for this payment.", wallet)
    coming = instead("On its way", "Your bank has been asked. This page shows what it says.", wallet)
    shown = rx.cond(
        _state.is_open,
        _asks(),
        rx.match(_state.outcome, ("paid", paid), ("declined", declined), ("open", coming), over),
    )
    page = rx.match(
        _state.phase,
        ("ready", shown),
        ("invalid", instead("This link cannot be used", _state.problem)),
        rx.el.div(panel_skeletons("160px"), class_name="centre"),
    )
    return own_frame(page, current="", visitor=_state)


def _asks() -> rx.Component:
    return rx.el.div(
        rx.el.section(
            rx.el.div(rx.el.h1("Your bank wants to be asked"), sandbox_tag(_state.is_sandbox),
                      class_name="row between"),
            rx.el.div(_state.amount, class_name="balance num", style={"marginTop": "16px"}),
            rx.el.p("A top-up of your wallet from ", _state.card, ". Nothing is charged before you confirm it at your"
                    " bank.", class_name="muted num", style={"marginTop": "8px"}),
            problem_line(_state.error),
            rx.el.button("Confirm ", _state.amount, " at my bank", on_click=_state.begin,
                         class_name="btn primary wide num", type="button", style={"marginTop": "24px"}),
            rx.el.small("Left alone, it is cancelled after 24 hours. That counts as no decline.", class_name="faint",
                        style={"display": "block", "marginTop": "16px"}),
            class_name="panel pad",
        ),
        class_name="centre",
    )  # fmt: skip
