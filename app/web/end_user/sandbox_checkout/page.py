"""How the sandbox's checkout looks: what is paid, the ways it can end, and the page of a bank that asks."""

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
    return rx.el.div(rx.cond(SandboxCheckoutState.is_at_bank, _bank(), _cards()), class_name="centre")


def _cards() -> rx.Component:
    state = SandboxCheckoutState
    declined = note("The payment was declined", "Nothing was charged. Pay with another card, or try again.", "bad")
    given_up = note("Your bank was not answered", "Nothing was charged. You can try again, or pay with another card.",
                    "bad")  # fmt: skip
    return rx.fragment(
        rx.match(state.said, ("declined", declined), ("given_up", given_up), rx.fragment()),
        rx.el.section(
            rx.el.div(rx.el.h1("Sandbox checkout"), tag("No real money", tone="wait"), class_name="row between"),
            rx.el.p("Top-up of your ", state.app_name, " wallet", class_name="muted", style={"marginTop": "18px"}),
            rx.el.div(state.amount, class_name="balance num"),
            rx.cond(state.fee_note != "", rx.el.p(state.fee_note, class_name="fee-note num"), rx.fragment()),
            rx.cond(state.saves_card, rx.el.p("Visa ···4242 is kept for your later top-ups.", class_name="muted num"),
                    rx.fragment()),
            rx.el.div(
                rx.el.button("Pay ", state.amount, on_click=state.pay, class_name="btn primary wide num",
                             type="button"),
                rx.el.button("Pay with 3-D Secure", on_click=state.ask_bank, class_name="btn wide", type="button"),
                rx.el.button("Decline", on_click=state.decline, class_name="btn wide", type="button"),
                class_name="choices", style={"marginTop": "24px"},
            ),
            rx.el.small("This page stands in for a card payment. With 3-D Secure a bank asks first; Decline shows what"
                        " a refused card does: another can still pay.",
                        class_name="faint", style={"display": "block", "marginTop": "16px"}),
            class_name="panel pad",
        ),
    )  # fmt: skip


def _bank() -> rx.Component:
    """The page of a bank: where a real one takes its customer, it is not ours."""
    state = SandboxCheckoutState
    return rx.el.section(
        rx.el.div(rx.el.h1("Sandbox bank"), tag("No real money", tone="wait"), class_name="row between"),
        rx.el.p("Is this you? A shop wants to charge your card.", class_name="muted", style={"marginTop": "18px"}),
        rx.el.dl(
            rx.el.dt("For"), rx.el.dd("Top-up of your ", state.app_name, " wallet"),
            rx.el.dt("Amount"), rx.el.dd(state.amount, class_name="num"),
            class_name="terms", style={"marginTop": "14px"},
        ),
        rx.el.div(
            rx.el.button("Confirm ", state.amount, on_click=state.pay, class_name="btn primary wide num",
                         type="button", auto_focus=True),
            rx.el.button("Give up", on_click=state.give_up, class_name="btn wide", type="button"),
            class_name="choices", style={"marginTop": "24px"},
        ),
        rx.el.small("A real bank asks in its app or by a code. Giving up charges nothing, and counts as no decline.",
                    class_name="faint", style={"display": "block", "marginTop": "16px"}),
        class_name="panel pad",
    )  # fmt: skip


def _expired() -> rx.Component:
    back = rx.el.a("Back to your wallet", href=SandboxCheckoutState.return_url, class_name="btn primary")
    return instead("This checkout has expired", "Nothing was charged. Begin again from your wallet.", back)


def _finished() -> rx.Component:
    back = rx.el.a("Back to your wallet", href=SandboxCheckoutState.return_url, class_name="btn primary")
    return instead("This top-up is paid", "A checkout can be paid once. The money is in your wallet.", back)
