"""How health looks: what needs an operator, then books, connections, what waits, and what operators did."""

from typing import Any

import reflex as rx

from app.web.components.parts import empty
from app.web.operator.frame.layout import operator_page
from app.web.operator.health.rows import LineRow, WrongRow
from app.web.operator.health.state import HealthState

_state = HealthState


def health() -> rx.Component:
    """Returns the page of this instance's health."""
    page = _state.page
    return operator_page(
        "Health", "As of " + page.at + ".", _state, _wrong(), _lines("Books", [page.books]),
        _listed("Connections", page.connections, "No connection", "Developers connect Stripe on Payments."),
        _listed("Waiting", page.waiting, "Nothing waits", ""),
        _listed("Done by hand", page.changes, "Nothing was done by hand", "What operators do stands here."),
    )  # fmt: skip


def _wrong() -> rx.Component:
    def line(row: rx.Var[WrongRow]) -> rx.Component:
        return rx.el.li(
            rx.el.i(class_name="dot " + row.tone, aria_hidden="true"),
            rx.el.div(rx.el.b(row.title), rx.el.small(row.detail, class_name="muted"), rx.el.small(row.mend),
                      class_name="grow"),
            class_name="item item-line", key=row.id,
        )  # fmt: skip

    nothing = rx.el.p("Nothing needs you.", class_name="muted item")
    return rx.el.section(
        rx.el.div(rx.el.h2("Needs you"), class_name="panel-head"),
        rx.cond(_state.page.wrong, rx.el.ul(rx.foreach(_state.page.wrong, line)), nothing),
        class_name="panel attention", aria_label="Needs you",
    )  # fmt: skip


def _line(row: rx.Var[LineRow]) -> rx.Component:
    return rx.el.li(
        rx.el.i(class_name="dot " + row.tone, aria_hidden="true"),
        rx.el.div(rx.el.b(row.title), rx.el.small(row.detail, class_name="muted"), class_name="grow"),
        class_name="item item-line", key=row.id,
    )  # fmt: skip


def _lines(title: str, rows: list[Any]) -> rx.Component:
    return rx.el.section(rx.el.div(rx.el.h2(title), class_name="panel-head"), rx.el.ul(*map(_line, rows)),
                         class_name="panel attention", aria_label=title)  # fmt: skip


def _listed(title: str, rows: rx.Var[list[LineRow]], none: str, why: str) -> rx.Component:
    listed = rx.cond(rows, rx.el.ul(rx.foreach(rows, _line)), empty(none, why))
    return rx.el.section(rx.el.div(rx.el.h2(title), class_name="panel-head"), listed,
                         class_name="panel attention", aria_label=title)  # fmt: skip
