"""How the sandbox's bank looks: what it asks, and the two answers."""

import reflex as rx

from app.web.components.parts import instead, skeleton, tag
from app.web.end_user.sandbox_bank.state import SandboxBankState
from app.web.frame.layout import frame


def sandbox_bank() -> rx.Component:
    """Returns the page of a bank that asks about a charge."""
    page = rx.match(
        SandboxBankState.phase,
        ("ready", _asks()),
        ("invalid", instead("This page cannot be used", SandboxBankState.problem)),
        rx.el.div(skeleton("100%", "300px"), class_name="centre"),
    )
    return frame(page)


def _asks() -> rx.Component:
    state = SandboxBankState
    return rx.el.div(
        rx.el.section(
            rx.el.div(rx.el.h1("Sandbox bank"), tag("No real money", tone="wait"), class_name="row between"),
            rx.el.p("Is this you? A shop wants to charge your saved card.", class_name="muted",
                    style={"marginTop": "18px"}),
            rx.el.div(state.amount, class_name="balance num", style={"marginTop": "8px"}),
            rx.el.div(
                rx.el.button("Confirm ", state.amount, on_click=state.confirm, class_name="btn primary wide num",
                             type="button"),
                rx.el.a("Give up", href=state.return_url, class_name="btn wide"),
                class_name="choices", style={"marginTop": "24px"},
            ),
            rx.el.small("A real bank asks in its app or by a code. Giving up charges nothing, and counts as no"
                        " decline.", class_name="faint", style={"display": "block", "marginTop": "16px"}),
            class_name="panel pad",
        ),
        class_name="centre",
    )  # fmt: skip
