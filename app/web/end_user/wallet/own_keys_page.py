"""How an app's use of own keys looks on the wallet page, and the form that changes it."""

import reflex as rx

from app.web.components.parts import problem_line
from app.web.end_user.wallet.own_keys_state import ASKED, FIRST, NO
from app.web.end_user.wallet.rows import AppRow
from app.web.end_user.wallet.state import WalletState

_state = WalletState
_CHOICES = (
    (NO, "Not at all", "Your wallet pays."),
    (FIRST, "First", "Where a key of yours serves the model, its provider bills you; else your wallet pays."),
    (ASKED, "Only when it asks", "Your wallet pays unless the app asks for your key."),
)


def own_keys_of(row: rx.Var[AppRow]) -> rx.Component:
    """Returns what an app may do with own keys, and the form while that is changed."""
    said = rx.el.div(
        rx.el.small(row.own, class_name="muted num grow"),
        rx.el.button("Change", on_click=_state.change_own(row.id, row.own_per_day, row.own_first), type="button",
                     class_name="btn s bare", aria_label="Change what " + row.name + " may do with your own keys"),
        class_name="item-line", style={"marginTop": "6px"},
    )  # fmt: skip
    return rx.cond(_state.own_of == row.id, _form(row), said)


def _form(row: rx.Var[AppRow]) -> rx.Component:
    choices = (
        rx.el.label(
            rx.el.input(type="radio", name="own-use", checked=_state.own_use == use,
                        on_change=_state.choose_own(use)),
            rx.el.span(rx.el.b(title), rx.el.small(text, class_name="muted")),
            class_name="choice-line",
        )
        for use, title, text in _CHOICES
    )  # fmt: skip
    per_day = rx.el.label(
        rx.el.span("Requests a day, at most"),
        rx.el.input(default_value=_state.own_per_day, on_change=_state.type_own, class_name="field plain s num",
                    input_mode="numeric", auto_complete="off", max_length=8),
        class_name="labelled",
    )  # fmt: skip
    return rx.el.div(
        rx.el.small("May it use your own keys?", class_name="muted"),
        rx.el.div(*choices, role="radiogroup", aria_label="May " + row.name + " use your own keys?",
                  style={"display": "grid", "gap": "8px"}),
        rx.cond(_state.own_use != NO, per_day, rx.fragment()),
        problem_line(_state.own_error),
        rx.el.div(
            rx.el.button("Save", on_click=_state.save_own, class_name="btn s primary", type="button"),
            rx.el.button("Cancel", on_click=_state.change_own("", "", True), class_name="btn s", type="button"),
            class_name="row",
        ),
        style={"display": "grid", "gap": "10px", "marginTop": "12px"},
    )  # fmt: skip
