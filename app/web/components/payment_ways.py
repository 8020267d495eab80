"""The ways to pay into a shared wallet: each has its place, and says why it cannot be used where it cannot."""

import reflex as rx


def ways_to_pay(is_sandbox: rx.Var[bool]) -> rx.Component:
    """Returns the choice between card and USDC."""
    return rx.el.div(
        rx.el.div(
            rx.el.button("Card", type="button", class_name="btn", aria_pressed=True),
            rx.el.button("USDC", type="button", class_name="btn", aria_pressed=False, disabled=True,
                         aria_describedby="why-no-usdc"),
            class_name="segments", role="group", aria_label="How to pay",
        ),
        rx.el.small(
            rx.cond(is_sandbox, "USDC deposits are not part of the sandbox.", "USDC deposits are not open here yet."),
            id="why-no-usdc", class_name="faint", style={"display": "block", "marginTop": "6px"},
        ),
    )  # fmt: skip
