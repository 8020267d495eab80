"""Parts that the wizard's steps share: the row of buttons, and what is wrong with a field."""

import reflex as rx

from app.web.components.once import Posting
from app.web.components.parts import problem_line
from app.web.developer.wizard.state import WizardState


def problem_of(posting: Posting, *fields: str) -> rx.Component:
    """Returns the line beside fields that a POST may have found wrong."""
    is_it: rx.Var[bool] = rx.Var.create(False)
    for name in fields:
        is_it = is_it | (posting.field.value == name)
    return problem_line(rx.cond(is_it, posting.problem.value, ""))


def other_problem(posting: Posting, *fields: str) -> rx.Component:
    """Returns the line for what is wrong with none of these fields."""
    is_other: rx.Var[bool] = rx.Var.create(True)
    for name in fields:
        is_other = is_other & (posting.field.value != name)
    return problem_line(rx.cond(is_other, posting.problem.value, ""))


def buttons(back: int, *others: rx.Component) -> rx.Component:
    """Returns a step's row of buttons; `back` is the number of the step before."""
    return rx.el.div(
        rx.el.button("Back", on_click=WizardState.go(back), class_name="btn", type="button"), *others,
        class_name="row end",
    )  # fmt: skip


def choice(name: str, value: str, title: str, text: str | rx.Var[str], chosen: rx.Var[str]) -> rx.Component:
    """Returns one of a few kinds that can be chosen, with a sentence about it."""
    return rx.el.button(
        rx.el.i(class_name="radio", aria_hidden="true"),
        rx.el.span(rx.el.b(title), rx.el.small(text, class_name="muted")),
        on_click=WizardState.choose(name, value), type="button", role="radio", aria_checked=chosen == value,
        class_name=rx.cond(chosen == value, "panel mode-head option chosen", "panel mode-head option"),
    )  # fmt: skip
