"""How alerts look: the amount of a month with its switch, what else is told anyway, and what was told."""

import reflex as rx

from app.web.components.parts import empty, problem_line, saved_line
from app.web.developer.alerts.rows import AlertRow
from app.web.developer.alerts.state import AlertsState
from app.web.developer.frame import sections
from app.web.developer.frame.layout import paywall_page

_state = AlertsState
_ANYWAY = (
    ("A provider refuses your key", "Your users get 502 until another key is set."),
    ("A webhook fails", "Three deliveries in a row did not arrive, or the endpoint was switched off."),
    ("Numbers are behind", "Requests are not on your pages five minutes after their end."),
)


@paywall_page(sections.ALERTS, AlertsState, lead="Each is told once: to the owner by mail, and to your webhooks as"
              " paywall.alert.raised.")  # fmt: skip
def alerts() -> rx.Component:
    """Returns the page of what the developer of a paywall is told."""
    return rx.fragment(_monthly(), _raised())


def _monthly() -> rx.Component:
    page, paywall = _state.page, _state.paywall
    lead = "Told at 50, 80 and 100 % of the amount, in months of " + page.zone + ". It stops nothing; limits do."
    form = rx.form(
        rx.el.label(
            rx.el.input(type="checkbox", name="is_told", default_checked=page.monthly != "", value="1",
                        key="t" + page.monthly, disabled=~paywall.may_set_up),
            "Tell me what users are charged in a month", class_name="switch-line",
        ),
        rx.el.div(
            rx.el.input(name="monthly", default_value=page.monthly, key="m" + page.monthly, class_name="field plain s",
                        input_mode="decimal", style={"width": "160px"},
                        aria_label="Amount a month", max_length=40, auto_complete="off",
                        aria_invalid=_state.error != "", disabled=~paywall.may_set_up),
            rx.el.span(paywall.unit, class_name="muted"),
            rx.cond(paywall.may_set_up, rx.el.button("Save", type="submit", class_name="btn s primary"),
                    rx.fragment()),
            saved_line(_state.saved), class_name="row tight wrap",
        ),
        problem_line(_state.error), on_submit=_state.save, class_name="stack", style={"gap": "12px"},
    )  # fmt: skip
    lines = (
        rx.el.li(rx.el.div(rx.el.b(title), rx.el.small(text, class_name="muted"), class_name="grow"),
                 rx.el.span("Always told", class_name="tag"), class_name="item item-line") for title, text in _ANYWAY
    )  # fmt: skip
    return rx.el.section(
        rx.el.div(rx.el.h2("Charges of a month"), rx.el.p(lead, class_name="muted"), form, class_name="pad stack",
                  style={"gap": "12px"}),
        rx.el.ul(*lines, class_name="ruled"), class_name="panel", aria_label="What you are told",
    )  # fmt: skip


def _raised() -> rx.Component:
    def line(row: rx.Var[AlertRow]) -> rx.Component:
        return rx.el.li(
            rx.el.i(class_name="dot " + row.tone, aria_hidden="true"),
            rx.el.div(rx.el.b(row.title), rx.el.small(row.detail, class_name="muted"),
                      rx.el.small(row.at, class_name="faint"), class_name="grow"),
            class_name="item item-line", key=row.id,
        )  # fmt: skip

    listed = rx.el.ul(rx.foreach(_state.page.alerts, line))
    none = empty("Nothing was told yet", "What needs you stands here with its time, beside the mail.")
    head = rx.el.div(rx.el.h2("Told"), class_name="panel-head")
    return rx.el.section(head, rx.cond(_state.page.alerts, listed, none),
                         class_name="panel attention", aria_label="Told")  # fmt: skip
