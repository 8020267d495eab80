"""The statement of a wallet: a row per movement, and behind each charge its receipt."""

import reflex as rx

from app.web.components.activity_rows import LineRow, MovementRow
from app.web.components.parts import id_line
from app.web.components.payouts.rows import FactRow
from app.web.components.refunds.look import went_back
from app.web.components.refunds.state import RefundsPart


def activity(movements: rx.Var[list[MovementRow]], refunds: type[RefundsPart] | None = None) -> rx.Component:
    """Returns the list, newest first; with `refunds`, the page's state, top-ups can be had back."""
    return rx.el.div(rx.foreach(movements, lambda row: _movement(row, refunds)))


def _movement(row: rx.Var[MovementRow], refunds: type[RefundsPart] | None) -> rx.Component:
    explained = rx.el.details(rx.el.summary(*_line(row, "details")), _facts(row), class_name="move")
    shown = rx.cond(
        row.has_receipt,
        rx.el.details(rx.el.summary(*_line(row, "receipt")), receipt(row), class_name="move"),
        rx.cond(
            row.facts,
            explained,
            rx.el.div(rx.el.div(*_line(row, ""), class_name="line"), went_back(row.refund, refunds), class_name="move"),
        ),
    )
    # Inside the cond the key would be the browser's no longer: an open receipt stays with its movement as others land.
    return rx.fragment(shown, key=row.cursor)


def _facts(row: rx.Var[MovementRow]) -> rx.Component:
    """Returns how a withdrawal stands, to the last digit."""
    return rx.el.div(
        rx.el.div(rx.el.dl(rx.foreach(row.facts, _fact)), id_line(row.id), class_name="receipt-in"),
        class_name="receipt", key=row.id,
    )  # fmt: skip


def _fact(fact: rx.Var[FactRow]) -> rx.Component:
    link = rx.el.a(fact.value, href=fact.url, target="_blank", rel="noreferrer")
    shown = rx.el.dd(rx.cond(fact.url != "", link, fact.value), class_name="mono")
    return rx.fragment(rx.el.dt(fact.name), shown, key=fact.name)


def _line(row: rx.Var[MovementRow], more: str) -> tuple[rx.Component, ...]:
    return (
        rx.el.b(row.title),
        rx.el.span(row.amount, class_name=rx.cond(row.is_in, "amt num good", "amt num")),
        rx.el.div(
            rx.el.small(row.detail, rx.el.time(row.when, title=row.at)),
            rx.el.small(more, class_name="more") if more else rx.fragment(),
            class_name="sub",
        ),
    )


def receipt(row: rx.Var[MovementRow], *more: rx.Component) -> rx.Component:
    """Returns what a charge was worked out from, to the last digit, and `more` of it."""
    table = rx.el.table(
        rx.el.thead(rx.el.tr(*(rx.el.th(name, scope="col") for name in
                               ("", "Tokens", row.price_head, row.amount_head)))),
        rx.el.tbody(rx.foreach(row.lines, _receipt_line)),
    )  # fmt: skip
    sums = (
        ("Markup", row.markup, ""),
        ("Minimum", row.minimum, ""),
        ("Charged", row.charge, "sum"),
        ("Held before it ran", row.hold, ""),
        ("Given back", row.released, ""),
    )
    return rx.el.div(
        rx.el.div(
            rx.cond(row.lines.length() > 0, table, rx.fragment()),
            rx.el.dl(*(_sum(name, value, look) for name, value, look in sums)),
            rx.cond(row.note != "", rx.el.p(row.note, class_name="muted", style={"marginTop": "10px"}), rx.fragment()),
            *more,
            id_line(row.id),
            class_name="receipt-in",
        ),
        class_name="receipt", key=row.id,
    )  # fmt: skip


def _receipt_line(line: rx.Var[LineRow]) -> rx.Component:
    return rx.el.tr(rx.el.td(line.kind), rx.el.td(line.tokens), rx.el.td(line.price), rx.el.td(line.amount))


def _sum(name: str, value: rx.Var[str], look: str) -> rx.Component:
    """Returns a line under the table, unless it has nothing to say."""
    pair = rx.fragment(rx.el.dt(name, class_name=look), rx.el.dd(value, class_name=look))
    return rx.cond(value != "", pair, rx.fragment())
