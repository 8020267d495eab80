"""The choice of a monthly cap: a few usual ones and another one."""

from typing import Any

import reflex as rx

CAPS = ("5", "20", "50")


def cap_chooser(state: Any) -> rx.Component:
    """Returns the chooser over a state's `cap`, `is_other_cap` and `choose_cap`."""
    chips = (_chip(state, cap) for cap in CAPS)
    other = rx.el.label(
        rx.el.span("Cap in USDC a month", class_name="unseen"),
        rx.el.input(
            default_value=state.cap, on_change=state.choose_cap, class_name="field plain num", input_mode="decimal",
            auto_focus=True, auto_complete="off", max_length=12, placeholder="USDC a month",
        ),
    )  # fmt: skip
    return rx.el.div(
        rx.el.div(
            *chips,
            rx.el.button("Other", type="button", class_name="btn s chip", aria_pressed=state.is_other_cap,
                         on_click=state.choose_cap("")),
            class_name="chips", role="group", aria_label="Never more than, in a month",
        ),
        rx.cond(state.is_other_cap, other, rx.fragment()),
    )  # fmt: skip


def _chip(state: Any, cap: str) -> rx.Component:
    is_chosen = (state.cap == cap) & ~state.is_other_cap
    return rx.el.button(
        cap, rx.cond(is_chosen, " USDC", ""), type="button", class_name="btn s chip num", aria_pressed=is_chosen,
        on_click=state.choose_cap(cap),
    )  # fmt: skip
