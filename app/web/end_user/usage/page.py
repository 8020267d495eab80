"""How usage looks: what it came to in 30 days, by model, app, order and session, and the newest requests."""

import reflex as rx

from app.web.components.parts import empty, instead, skeleton
from app.web.end_user.usage.rows import SumRow, SumTable, UseRow
from app.web.end_user.usage.state import UsageState
from app.web.end_user.usage.stopped_rows import StoppedRow
from app.web.frame import routes
from app.web.frame.layout import own_frame

_state = UsageState


def usage() -> rx.Component:
    """Returns the page of what a person's wallets paid for."""
    lead = rx.el.p("30 days, of all apps and your own keys. Days are UTC.", class_name="muted")
    shown = rx.el.div(
        rx.el.div(rx.el.div(rx.el.h1("Usage"), lead), class_name="page-head"),
        rx.cond(_state.phase == "ready", _read(), _loading()),
        class_name="narrow stack", style={"maxWidth": "860px"},
    )  # fmt: skip
    page = rx.cond(_state.phase == "invalid", instead("The usage cannot be shown", _state.problem), shown)
    return own_frame(page, current=routes.USAGE, visitor=_state)


def _read() -> rx.Component:
    page = _state.page
    chat = rx.cond(_state.has_credits, rx.el.a("Open the chat", href=f"{routes.CHAT}/", class_name="btn s"),
                   rx.fragment())  # fmt: skip
    nothing = rx.el.section(
        empty("Nothing used yet", "What apps and your own programs ask shows here, with what it cost.", chat),
        class_name="panel", style={"paddingTop": "20px"},
    )  # fmt: skip
    looked = rx.cond(page.looked != "", rx.el.p(page.looked, class_name="muted"), rx.fragment())
    all_of_it = rx.fragment(_sums("Together", page.totals), rx.foreach(page.tables, _table), _uses(), looked)
    stopped = rx.cond(page.stopped, _stopped(), rx.fragment())
    return rx.fragment(rx.cond(page.uses, all_of_it, nothing), stopped)


def _table(table: rx.Var[SumTable]) -> rx.Component:
    return rx.fragment(_sums(table.title, table.rows), key=table.title)


def _sums(title: rx.Var[str] | str, rows: rx.Var[list[SumRow]]) -> rx.Component:
    return rx.el.section(
        rx.el.h2(title, class_name="inset", style={"paddingTop": "20px", "paddingBottom": "8px"}),
        rx.foreach(rows, _sum),
        class_name="panel",
    )


def _sum(row: rx.Var[SumRow]) -> rx.Component:
    return rx.el.div(
        rx.el.div(rx.el.b(row.name), rx.el.small("paid by ", row.source, class_name="muted"), class_name="grow"),
        rx.el.div(rx.el.b(row.charged), rx.el.small(row.used, class_name="muted"), class_name="charge-sum num"),
        class_name="item item-line", key=row.key,
    )  # fmt: skip


def _uses() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Newest requests", class_name="inset", style={"paddingTop": "20px", "paddingBottom": "8px"}),
        rx.foreach(_state.page.uses, _use),
        class_name="panel",
    )


def _use(row: rx.Var[UseRow]) -> rx.Component:
    spared = rx.cond(row.difference != "", rx.fragment(" · ", row.difference), rx.fragment())
    return rx.el.div(
        rx.el.div(
            rx.el.b(row.title),
            rx.el.small(row.detail, " · ", rx.el.time(row.when, title=row.at), class_name="muted"),
            rx.cond(row.reserved != "", rx.el.small(row.reserved, " reserved", spared, class_name="muted num"),
                    rx.fragment()),
            class_name="grow",
        ),
        rx.el.div(rx.el.b(row.charged), class_name="charge-sum num"),
        class_name="item item-line", key=row.id,
    )  # fmt: skip


def _stopped() -> rx.Component:
    """The safety log: codes alone, never what anybody wrote."""
    head = rx.el.div(
        rx.el.h2("What stopped requests"),
        rx.el.small("Refusals, filters and limits, newest first. What was written is never kept here.",
                    class_name="muted"),
        class_name="inset", style={"paddingTop": "20px", "paddingBottom": "8px"},
    )  # fmt: skip
    return rx.el.section(head, rx.foreach(_state.page.stopped, _stop), class_name="panel",
                         aria_label="What stopped requests")  # fmt: skip


def _stop(row: rx.Var[StoppedRow]) -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.b(row.title),
            rx.el.small(row.detail, " · ", rx.el.time(row.when, title=row.at), class_name="muted"), class_name="grow",
        ),
        rx.el.code(row.code, class_name="num muted"), class_name="item item-line wrap", key=row.id,
    )  # fmt: skip


def _loading() -> rx.Component:
    rows = (rx.el.div(skeleton("100%", "38px"), class_name="item") for _ in range(6))
    return rx.el.section(rx.el.p("Reading", class_name="unseen", role="status"), *rows, class_name="panel")
