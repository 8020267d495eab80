"""How a top-up's row shows what went back of it, and asks before more does."""

import reflex as rx

from app.web.components.parts import ask_once, note, problem_line
from app.web.components.refunds.rows import BackRow, RefundRow
from app.web.components.refunds.state import RefundsPart


def went_back(row: rx.Var[RefundRow], state: type[RefundsPart] | None) -> rx.Component:
    """Returns the lines under a top-up; without a state nothing of it can be asked back here."""
    lines = rx.foreach(row.back, _line)
    if state is None:
        return rx.cond(row.back.length() > 0, rx.el.div(lines, class_name="back"), rx.fragment())
    button = rx.el.button(row.label, on_click=state.ask_refund(row.topup_id), class_name="btn s", type="button")
    offer = rx.el.div(rx.el.small(row.note), rx.cond(row.label != "", button, rx.fragment()), class_name="row between")
    asked = rx.cond(state.refund_of == row.topup_id, _question(state),
                    rx.cond(row.note != "", offer, rx.fragment()))  # fmt: skip
    return rx.cond(row.topup_id != "", rx.el.div(lines, asked, class_name="back num"), rx.fragment())


def refund_note(state: type[RefundsPart], instead: rx.Component) -> rx.Component:
    """Returns that something was given back, in the place of what the page said before of the payment."""
    return rx.cond(state.refund_said != "", note("Refunded", state.refund_said, "ok"), instead)


def _question(state: type[RefundsPart]) -> rx.Component:
    yes = rx.el.button(
        rx.cond(state.is_refunding, "Refunding", state.refund_label), on_click=state.refund, class_name="btn s danger",
        type="button", disabled=state.is_refunding,
    )  # fmt: skip
    keep = rx.el.button("Keep", on_click=state.ask_refund(""), class_name="btn s", type="button",
                        disabled=state.is_refunding)  # fmt: skip
    asks = rx.cond(state.refund_question != "", ask_once(state.refund_question, yes, keep), rx.fragment())
    return rx.fragment(problem_line(state.refund_error), asks)


def _line(one: rx.Var[BackRow]) -> rx.Component:
    return rx.el.small(one.text, class_name=one.tone, key=one.text)
