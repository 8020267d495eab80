"""How the sandbox's checkout looks: what is paid, and the two ways it can end."""

import reflex as rx

from app.web.components.parts import instead, note, skeleton, tag
from app.web.end_user.sandbox_checkout.state import SandboxCheckoutState
from app.web.frame.layout import frame


def sandbox_checkout() -> rx.Component:
    """Returns the checkout page of the sandbox rail."""
    page = rx.match(
        SandboxCheckoutState.phase,
        ("ready", rx.match(SandboxCheckoutState.status, ("paid", _finished()), ("expired", _expired()), _checkout())),
        ("invalid", instead("This checkout cannot be used", SandboxCheckoutState.problem)),
        rx.el.div(skeleton("100%", "300px"), class_name="centre"),
    )
    return frame(page)


def _checkout() -> rx.Component:
    state = SandboxCheckoutState
    declined = note("The payment was declined", "Nothing was charged. Pay with another card, or try again.", "bad")
    return rx.el.div(
        rx.cond(state.is_declined, declined, rx.fragment()),
        rx.el.section(
            rx.el.div(rx.el.h1("Sandbox checkout"), tag("No real money", tone="wait"), class_name="row between"),
            rx.el.p("Top-up of your ", state.app_name, " wallet", class_name="muted", style={"marginTop": "18px"}),
            rx.el.div(state.amount, class_name="balance num"),
            rx.el.button("Pay ", state.amount, on_click=state.pay, class_name="btn primary wide num", type="button",
                         style={"marginTop": "24px"}),
            rx.el.button("Decline", on_click=state.decline, class_name="btn wide", type="button",
                         style={"marginTop": "10px"}),
            rx.el.small("This page stands in for a card payment. Decline shows what a refused card does: another can"
                        " still pay.",
                        class_name="faint", style={"display": "block", "marginTop": "16px"}),
            class_name="panel pad",
        ),
        class_name="centre",
    )  # fmt: skip


def _expired() -> rx.Component:
    back = rx.el.a("Back to your wallet", href=SandboxCheckoutState.return_url, class_name="btn primary")
    return instead("This checkout has expired", "Nothing was charged. Begin again from your wallet.", back)


def _finished() -> rx.Component:
    back = rx.el.a("Back to your wallet", href=SandboxCheckoutState.return_url, class_name="btn primary")
    return instead("This top-up is paid", "A checkout can be paid once. The money is in your wallet.", back)
