"""How payouts look on the page of earnings: where they go, the form that requests one, and how each went."""

import reflex as rx

from app.web.components.parts import problem_line
from app.web.components.payouts.line import payout_line
from app.web.components.payouts.look import APART, Around, buttons, hidden, way
from app.web.components.payouts.rows import PayoutRow
from app.web.components.payouts.ways import Way
from app.web.developer.earnings.rows import EarnedRow
from app.web.developer.earnings.state import ALL, EarningsState

_state = EarningsState


def withdraw_form(row: rx.Var[EarnedRow]) -> rx.Component:
    """Returns the form that requests a payout of one paywall: how much, where to, and what happens when."""
    return rx.el.form(
        *hidden(paywall=row.id, environment=row.environment, click=_state.click),
        rx.el.label(rx.el.span("Amount in USDC, or “", ALL, "”"),
                    rx.el.input(name="amount", default_value=ALL, class_name="field plain s num", max_length=20,
                                auto_complete="off", auto_focus=True, spell_check=False), class_name="labelled"),
        rx.el.p("To ", rx.el.span(row.address, class_name="mono"), ". ", row.limits, class_name="muted"),
        problem_line(_state.error),
        buttons("Withdraw", _state),
        on_submit=_state.withdraw, class_name="item", style=APART, aria_label="Withdraw", key="withdraw" + row.id,
    )  # fmt: skip


def way_of_earnings(row: rx.Var[Way]) -> rx.Component:
    """Returns where earnings of one environment go, and when payouts are requested by themselves."""
    opens = "schedule:" + row.environment
    around = Around(
        of_test=[rx.el.label(rx.el.span("Of the earnings of"),
                             rx.el.select(rx.foreach(_state.page.paywalls, _choice), name="paywall",
                                          class_name="field plain s"), class_name="labelled")],
        forms=[rx.cond(_state.asking == opens, _schedule_form(row), rx.fragment())],
        foot=rx.el.small(rx.cond(row.schedule != "", row.schedule, "Requested by you alone."), class_name="muted"),
        acts=[rx.el.button("Schedule", on_click=_state.ask(opens), class_name="btn s", type="button")],
    )  # fmt: skip
    return way(row, _state, around)


def _choice(row: rx.Var[EarnedRow]) -> rx.Component:
    return rx.el.option(row.name, ", ", row.available, value=row.id, key=row.id)


def _schedule_form(row: rx.Var[Way]) -> rx.Component:
    words = (("", "By hand alone"), ("day", "Each day"), ("week", "Each Monday"), ("month", "On the first of a month"))
    return rx.el.form(
        *hidden(environment=row.environment),
        rx.el.label(rx.el.span("Request payouts"),
                    rx.el.select(*(rx.el.option(name, value=value) for value, name in words), name="every",
                                 default_value=row.every, class_name="field plain s"), class_name="labelled"),
        rx.el.label(rx.el.span("Where a paywall has at least, in USDC"),
                    rx.el.input(name="least", default_value=row.schedule_least, class_name="field plain s num",
                                max_length=20, auto_complete="off"), class_name="labelled"),
        problem_line(_state.error), buttons("Save", _state),
        on_submit=_state.schedule, class_name="item", style=APART, aria_label="Schedule",
    )  # fmt: skip


def payouts() -> rx.Component:
    """Returns the list of payouts, the newest first."""
    part = _state.page.payouts
    return rx.el.section(
        rx.el.div(rx.el.h2("Payouts"), class_name="panel-head"),
        rx.el.ul(rx.foreach(part.rows, _payout)),
        rx.cond(part.more != "", rx.el.div(rx.el.small(part.more, class_name="muted"), class_name="panel-foot"),
                rx.fragment()),
        class_name="panel", aria_label="Payouts",
    )  # fmt: skip


def _payout(row: rx.Var[PayoutRow]) -> rx.Component:
    return rx.el.li(payout_line(row), class_name="item", key=row.id)
