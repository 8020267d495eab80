"""Parts of pages of analytics: the range, figures and where the net goes, days with their chart, and parts of it."""

from collections.abc import Sequence

import reflex as rx

from app.domain.analytics.groups import By
from app.web.components.parts import copy_text_button, empty
from app.web.developer.analytics.rows import AnalyticsPage, PartRow, ShareRow
from app.web.developer.frame.figures import SumRow
from app.web.developer.frame.parts import day_plot
from app.web.frame.plain_form import file_link, find_form

_SPANS = ("7", "30", "90")
_COLUMNS = (("Gross", "gives-2"), ("Refunds", "gives-1"), ("Net", ""), ("Provider cost", "gives-1"),
            ("Fee", "gives-1 fee"), ("Margin", ""))  # fmt: skip


def range_line(page: AnalyticsPage) -> rx.Component:
    """Returns the choice of days, and a link to what is shown."""
    kept = "&by=" + page.by + rx.cond(page.also != "", "&and=" + page.also, "")
    kept += rx.cond(page.of != "", "&of=" + page.of, "")
    spans = rx.el.nav(
        *(rx.el.a(f"{days} days", href="?days=" + days + kept, class_name="btn",
                  aria_current=rx.cond(page.span == days, "page", "false")) for days in _SPANS),
        class_name="segments", aria_label="Span",
    )  # fmt: skip
    hidden = (_hidden(name, value) for name, value in (("by", page.by), ("and", page.also), ("of", page.of)))
    form = find_form(
        rx.el.input(type="date", name="first", default_value=page.first, key="f" + page.first,
                    class_name="field plain s", aria_label="First day"),
        rx.el.input(type="date", name="last", default_value=page.last, key="l" + page.last,
                    class_name="field plain s", aria_label="Last day"),
        *hidden, rx.el.button("Show", type="submit", class_name="btn s"), class_name="listing-filters",
    )  # fmt: skip
    return rx.el.div(spans, form, copy_text_button(page.address, "Copy link"), class_name="range-line")


def _hidden(name: str, value: rx.Var[str]) -> rx.Component:
    return rx.el.input(type="hidden", name=name, value=value, read_only=True)


def figures(page: AnalyticsPage) -> rx.Component:
    """Returns what all of it came to, where the net goes, and the tokens."""
    row = page.total

    def figure(name: str, value: rx.Var[str], under: rx.Var[str] | str) -> rx.Component:
        return rx.el.div(rx.el.small(name, class_name="muted"), rx.el.b(value, class_name="num"),
                         rx.el.small(under, class_name="muted"))  # fmt: skip

    figures = rx.el.div(
        figure("Gross", row.gross, row.label), figure("Refunds", row.refunds, "by the day of the refund"),
        figure("Net", row.revenue, page.compared), figure("Margin", row.margin, row.share),
        figure("Requests", row.requests, page.users), class_name="figures",
    )  # fmt: skip
    goes = rx.el.div(
        rx.el.h2("Where net goes"),
        rx.cond(page.has_bar, rx.el.div(rx.foreach(page.shares, _share_bar), class_name="stack-bar",
                                        aria_hidden="true"), rx.fragment()),
        rx.el.ul(rx.foreach(page.shares, _share), class_name="legend"), class_name="inset share",
    )  # fmt: skip
    tokens = rx.el.div(
        rx.el.h2("Tokens"), rx.el.ul(rx.foreach(page.tokens, _tokens), class_name="legend"), class_name="inset share"
    )
    steps = rx.el.div(
        rx.el.h2("From link to use, users"), rx.el.ul(rx.foreach(page.steps, _share), class_name="legend"),
        rx.el.div(rx.foreach(page.steps, _step_bar), class_name="step-bars", aria_hidden="true"),
        class_name="inset share",
    )  # fmt: skip
    return rx.el.section(
        figures, rx.cond(page.shares, goes, rx.fragment()), tokens, rx.cond(page.steps, steps, rx.fragment()),
        class_name="panel", aria_label="In all",
    )  # fmt: skip


def _step_bar(row: rx.Var[ShareRow]) -> rx.Component:
    bar = rx.cond(row.width != "", rx.el.i(class_name=row.look, style={"width": row.width}), rx.fragment())
    return rx.el.div(bar, class_name="stack-bar", key=row.name)


def _share_bar(row: rx.Var[ShareRow]) -> rx.Component:
    return rx.el.i(class_name=row.look, style={"width": row.width}, key=row.name)


def _share(row: rx.Var[ShareRow]) -> rx.Component:
    return rx.el.li(
        rx.el.i(class_name=row.look, aria_hidden="true"), rx.el.span(row.name), rx.el.b(row.amount, class_name="num"),
        rx.el.small(row.share, class_name="muted num"), key=row.name,
    )  # fmt: skip


def _tokens(row: rx.Var[ShareRow]) -> rx.Component:
    return rx.el.li(rx.el.span(row.name, class_name="muted"), rx.el.b(row.amount, class_name="num"), key=row.name)


def _cells(row: rx.Var[SumRow], *, has_users: bool = False) -> list[rx.Component]:
    values = (row.gross, row.refunds, row.revenue, row.cost, row.fee, row.margin)
    counted = (row.requests, row.users) if has_users else (row.requests,)
    return [
        rx.el.td(value, class_name=f"right num {wide}", custom_attrs={"data-label": name})
        for (name, wide), value in zip(_columns(has_users), (*counted, *values), strict=True)
    ]  # fmt: skip


def _columns(has_users: bool) -> Sequence[tuple[str, str]]:
    return (("Requests", ""), *((("Users", "gives-1"),) if has_users else ()), *_COLUMNS)


def _head(first: rx.Var[str] | str, *more: rx.Component, has_users: bool = False) -> rx.Component:
    titles = (rx.el.th(name, scope="col", class_name=f"right {wide}") for name, wide in _columns(has_users))
    return rx.el.thead(rx.el.tr(rx.el.th(first, scope="col"), *more, *titles))


def _table_class(page: AnalyticsPage) -> rx.Var[str]:
    return rx.cond(page.total.has_fee, "listing sums", "listing sums no-fee")


def days(page: AnalyticsPage) -> rx.Component:
    """Returns the days as a chart with its table."""
    legend = rx.el.ul(
        rx.el.li(rx.el.i(class_name="c0"), "Net"), rx.el.li(rx.el.i(class_name="c1"), "Margin"),
        class_name="legend muted", aria_hidden="true",
    )  # fmt: skip

    def line(row: rx.Var[SumRow]) -> rx.Component:
        return rx.el.tr(rx.el.td(row.label), *_cells(row, has_users=True), key=row.label)

    table = rx.el.table(
        _head("Day", has_users=True), rx.el.tbody(rx.foreach(page.days, line)),
        rx.el.tfoot(rx.el.tr(rx.el.td(page.total.label), *_cells(page.total, has_users=True))),
        class_name=_table_class(page),
    )  # fmt: skip
    nothing = empty("Nothing was charged in these days", "What requests bring and cost shows here by day.")
    plot = rx.cond(page.chart.summary != "", day_plot(page.chart), nothing)
    has_any = (page.chart.summary != "") | (page.total.requests != "0")  # a day of nothing but zeros tells nobody more
    said = rx.el.small(rx.cond(has_any, page.earlier, ""), " ", page.counted, class_name="muted")
    foot = rx.el.div(said, file_link("Download CSV", page.days_file, class_name="btn s"), class_name="panel-foot")
    return rx.el.section(rx.el.div(rx.el.h2("By day"), legend, class_name="panel-head"), plot,
                         rx.cond(has_any, table, rx.fragment()), foot, class_name="panel",
                         aria_label="By day")  # fmt: skip


def parts(page: AnalyticsPage, choices: Sequence[tuple[str, By]]) -> rx.Component:
    """Returns the parts by one or two of these choices, and of days."""
    head = rx.el.div(rx.el.h2(page.title), _things(page, choices), class_name="panel-head wraps")
    two = rx.cond(page.also_head != "", rx.el.th(page.also_head, scope="col"), rx.fragment())
    table = rx.el.table(_head(page.head, two), rx.el.tbody(rx.foreach(page.parts, lambda row: _part(row, page))),
                        class_name=_table_class(page))  # fmt: skip
    none = empty("Nothing to tell apart", "No request ended in these days.")
    shown = rx.cond(page.parts, table, rx.cond(page.note == "", none, rx.fragment()))
    turn = rx.el.div(
        rx.cond(page.newer != "", rx.el.a("Back", href=page.newer, class_name="btn s"), rx.fragment()),
        rx.cond(page.older != "", rx.el.a("More", href=page.older, class_name="btn s"), rx.fragment()),
        file_link("Download CSV", page.parts_file, class_name="btn s"), class_name="row",
    )  # fmt: skip
    foot = rx.el.div(rx.el.small(page.note, class_name="muted"), turn, class_name="panel-foot")
    return rx.el.section(head, shown, foot, class_name="panel", aria_label="Told apart")


def _things(page: AnalyticsPage, choices: Sequence[tuple[str, By]]) -> rx.Component:
    """Returns the two choices of what is told apart."""

    def choose(name: str, chosen: rx.Var[str], options: Sequence[tuple[str, str]], label: str) -> rx.Component:
        return rx.el.select(*(rx.el.option(words, value=value) for words, value in options), name=name,
                            default_value=chosen, key=name + chosen, class_name="field plain s",
                            aria_label=label)  # fmt: skip

    first = [(words, by.value) for words, by in choices]
    span = rx.cond(page.span != "", _hidden("days", page.span),
                   rx.fragment(_hidden("first", page.first), _hidden("last", page.last)))  # fmt: skip
    return find_form(
        rx.el.span("By", class_name="muted"), choose("by", page.by, first, "Told apart by"),
        rx.el.span("and", class_name="muted"),
        choose("and", page.also, [("nothing else", ""), ("Day", By.DAY.value), *first], "And by"),
        span, rx.cond(page.of != "", _hidden("of", page.of), rx.fragment()),
        rx.el.button("Show", type="submit", class_name="btn s"), class_name="listing-filters things",
    )  # fmt: skip


def _part(row: rx.Var[PartRow], page: AnalyticsPage) -> rx.Component:
    def named(name: rx.Var[str], url: rx.Var[str]) -> rx.Component:
        return rx.cond(url != "", rx.el.a(name, href=url, class_name="mono"), rx.el.b(name))

    also = rx.el.td(named(row.also, row.also_url), class_name="also", custom_attrs={"data-label": page.also_head})
    return rx.el.tr(
        rx.el.td(named(row.name, row.url), rx.el.small(row.under, class_name="muted")),
        rx.cond(page.also_head != "", also, rx.fragment()), *_cells(row.sums), key=row.id,
    )  # fmt: skip
