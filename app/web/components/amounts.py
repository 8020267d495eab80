"""The choice of an amount to pay, as a form: a few usual ones, another one, what is paid and what one gets."""

from collections.abc import Sequence
from typing import Any

import reflex as rx

from app.web.components.parts import problem_line

AMOUNTS = ("5", "10", "25", "50", "100")
KEEP = "keep"
"""The field of the choice to keep the card; it is not sent unless it was chosen."""


def amount_form(state: Any, *under: rx.Component, amounts: Sequence[str] | rx.Var[list[str]] = AMOUNTS) -> rx.Component:
    """Returns the form over the variables of an `AmountState`, its `choose`, `pay` and `pay_with_card`."""
    return rx.el.form(
        rx.el.div(
            _amounts(state, amounts),
            rx.el.button(
                "Other", type="button", class_name="btn amount", aria_pressed=state.is_other,
                on_click=state.choose(""),
            ),
            class_name="amounts num", role="group", aria_label="Amount to top up",
        ),
        rx.cond(state.is_other, _other(state), rx.fragment()),
        rx.cond(state.fee_note != "", rx.el.p(state.fee_note, class_name="fee-note num"), rx.fragment()),
        problem_line(state.error),
        rx.cond(state.saved_card.id != "", _pay_now(state), rx.fragment()),
        rx.cond(state.keep_terms != "", _keep(state), rx.fragment()),
        rx.el.button(rx.cond(state.saved_card.id != "", "Pay another way", state.pay_label), type="submit",
                     class_name=rx.cond(state.saved_card.id != "", "btn wide num", "btn primary wide num")),
        *under,
        on_submit=state.pay,
        style={"marginTop": "14px"},
    )  # fmt: skip


def _pay_now(state: Any) -> rx.Component:
    """Returns the button that charges the saved card at once."""
    return rx.el.button(
        state.pay_label, " with ", state.saved_card.label, type="button", on_click=state.pay_with_card,
        class_name="btn primary wide num", style={"marginBottom": "10px"},
    )  # fmt: skip


def _keep(state: Any) -> rx.Component:
    """Returns the choice to keep the card that pays; nothing else sets it."""
    return rx.el.label(
        rx.el.input(type="checkbox", name=KEEP),
        rx.el.span(rx.el.b("Save this card"), rx.el.small(state.keep_terms, class_name="muted")),
        class_name="tick",
    )


def _amounts(state: Any, amounts: Sequence[str] | rx.Var[list[str]]) -> rx.Component:
    if isinstance(amounts, rx.Var):
        return rx.foreach(amounts, lambda amount: _amount(state, amount))
    return rx.fragment(*(_amount(state, amount) for amount in amounts))


def _amount(state: Any, amount: rx.Var[str] | str) -> rx.Component:
    return rx.el.button(
        "$",
        amount,
        type="button",
        class_name="btn amount",
        aria_pressed=(state.amount == amount) & ~state.is_other,
        on_click=state.choose(amount),
    )


def _other(state: Any) -> rx.Component:
    return rx.el.label(
        rx.el.span("Amount in dollars", class_name="unseen"),
        rx.el.div(
            rx.el.span("$"),
            rx.el.input(
                default_value=state.amount, on_change=state.choose, class_name="field num",
                input_mode="decimal", auto_focus=True, auto_complete="off", placeholder="12.50", max_length=20,
            ),
            class_name="field-box",
        ),
        style={"display": "block", "marginTop": "10px"},
    )  # fmt: skip
