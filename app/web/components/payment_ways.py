"""The ways to pay: each has its place, and says why it cannot be used where it cannot."""

from typing import Any

import reflex as rx

from app.web.components.deposit_rows import USDC
from app.web.components.topup_state import WayRow


def ways_to_pay(
    state: Any, is_sandbox: rx.Var[bool], takes_usdc: rx.Var[bool] | bool, usdc_open: rx.Var[bool] | bool = False
) -> rx.Component:
    """Returns the choice among a state's `ways` by `choose_way`, where there is one; `takes_usdc` has USDC beside.

    USDC can be chosen where it is open.
    """

    def way(row: rx.Var[WayRow]) -> rx.Component:
        return rx.el.button(row.label, type="button", class_name="btn", aria_pressed=state.way == row.id,
                            on_click=state.choose_way(row.id), key=row.id)  # fmt: skip

    closed = rx.el.button("USDC", type="button", class_name="btn", aria_pressed=False, disabled=True,
                          aria_describedby="why-no-usdc")  # fmt: skip
    opened = rx.el.button("USDC", type="button", class_name="btn", aria_pressed=state.way == USDC,
                          on_click=state.choose_way(USDC))  # fmt: skip
    why = rx.el.small(
        rx.cond(is_sandbox, "USDC deposits are not part of the sandbox.", "USDC deposits are not open here yet."),
        id="why-no-usdc", class_name="faint", style={"display": "block", "marginTop": "6px"},
    )  # fmt: skip
    usdc = rx.cond(usdc_open, opened, closed)
    segments = rx.el.div(rx.foreach(state.ways, way), rx.cond(takes_usdc, usdc, rx.fragment()), class_name="segments",
                         role="group", aria_label="How to pay")  # fmt: skip
    said = rx.cond(usdc_open, rx.fragment(), rx.cond(takes_usdc, why, rx.fragment()))
    shown = rx.el.div(segments, said, style={"marginTop": "18px"})
    return rx.cond((state.ways.length() > 1) | takes_usdc, shown, rx.fragment())
