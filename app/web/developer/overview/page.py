"""How the overview looks: what is wrong, figures, the chart with its table, the last requests, how to call."""

import reflex as rx

from app.web.components.parts import copy_button, copy_text_button, empty
from app.web.developer.frame import sections
from app.web.developer.frame.figures import SumRow
from app.web.developer.frame.layout import paywall_page
from app.web.developer.frame.parts import attention_list, day_plot
from app.web.developer.overview.rows import RequestRow
from app.web.developer.overview.state import OverviewState

_state = OverviewState


@paywall_page(sections.OVERVIEW, OverviewState)
def overview() -> rx.Component:
    """Returns the page of a paywall at a glance."""
    page = _state.page
    return rx.fragment(
        attention_list(page.attention, is_of_one=True), _figures(page.now, page.now_users, "Today"),
        _figures(page.month, page.month_users, "30 days"), _chart(), _requests(), _calling(),
    )  # fmt: skip


def _figures(row: rx.Var[SumRow], users: rx.Var[str], span: str) -> rx.Component:
    def figure(name: str, value: rx.Var[str], under: rx.Var[str] | str) -> rx.Component:
        return rx.el.div(rx.el.small(name, class_name="muted"), rx.el.b(value, class_name="num"),
                         rx.el.small(under, class_name="muted"))  # fmt: skip

    return rx.el.section(
        figure(f"Revenue, {span.lower()}", row.revenue, "after refunds"),
        figure("Provider cost", row.cost, ""), figure("Margin", row.margin, row.share),
        figure("Requests", row.requests, users), class_name="panel figures", aria_label=span,
    )  # fmt: skip


def _chart() -> rx.Component:
    page, chart = _state.page, _state.page.chart
    plot = day_plot(chart)
    legend = rx.el.ul(
        rx.el.li(rx.el.i(class_name="c0"), "Revenue"), rx.el.li(rx.el.i(class_name="c1"), "Margin"),
        rx.el.li(rx.el.i(class_name="c4"), "Today, running"), class_name="legend muted", aria_hidden="true",
    )  # fmt: skip
    none = empty("Nothing was charged in 30 days", "What requests bring and cost shows here by day.")
    foot = rx.el.small("Days are those of ", page.zone, ". ", page.counted, class_name="muted")
    return rx.el.section(
        rx.el.div(rx.el.h2("Revenue and margin by day"), legend, class_name="panel-head"),
        rx.cond(chart.revenue != "", rx.fragment(plot, _weeks()), none), rx.el.div(foot, class_name="item"),
        class_name="panel", aria_label="By day",
    )  # fmt: skip


def _weeks() -> rx.Component:
    names = ("Gross", "Refunds", "Revenue", "Provider cost", "Fee", "Margin")
    wide = {"Gross": "gives-2", "Refunds": "gives-1", "Fee": "gives-1 fee"}

    def cells(row: rx.Var[SumRow]) -> list[rx.Component]:
        values = (row.gross, row.refunds, row.revenue, row.cost, row.fee, row.margin)
        return [
            rx.el.td(value, class_name=f"right num {wide.get(name, '')}", custom_attrs={"data-label": name})
            for name, value in zip(names, values, strict=True)
        ]

    def line(row: rx.Var[SumRow]) -> rx.Component:
        return rx.el.tr(rx.el.td(row.label), *cells(row), key=row.label)

    titles = (rx.el.th(name, class_name=f"right {wide.get(name, '')}") for name in names)
    month = _state.page.month
    return rx.el.table(
        rx.el.thead(rx.el.tr(rx.el.th("By week"), *titles)), rx.el.tbody(rx.foreach(_state.page.weeks, line)),
        rx.el.tfoot(rx.el.tr(rx.el.td(month.label), *cells(month))),
        class_name=rx.cond(month.has_fee, "sums", "sums no-fee"),
    )  # fmt: skip


def _requests() -> rx.Component:
    page = _state.page
    head = rx.el.div(rx.el.h2("Last requests"), class_name="panel-head")
    if sections.REQUESTS in sections.linked():
        more = rx.el.a("All requests", href="/paywalls/" + _state.paywall.id + "/requests/")
        head = rx.el.div(rx.el.h2("Last requests"), more, class_name="panel-head")
    none = empty("No request yet", "The first one shows here a moment after it came.")
    return rx.el.section(head, rx.cond(page.requests, rx.el.div(rx.foreach(page.requests, _request)), none),
                         class_name="panel", aria_label="Last requests")  # fmt: skip


def _request(row: rx.Var[RequestRow]) -> rx.Component:
    return rx.el.div(
        rx.el.div(rx.el.b(row.model), rx.el.small(row.user, " · ", row.status, " · ", row.at, class_name="muted"),
                  class_name="grow"),
        rx.el.span(row.charge, class_name="num nowrap"), class_name="item item-line", key=row.id,
    )  # fmt: skip


def _calling() -> rx.Component:
    page = _state.page
    url = rx.el.div(rx.el.div(rx.el.small("Base URL", class_name="muted"), rx.el.b(page.base_url, class_name="mono"),
                              class_name="grow"), copy_text_button(page.base_url), class_name="item-line")  # fmt: skip
    code = rx.el.div(rx.el.pre(page.snippet, tab_index=0), copy_button(page.snippet), class_name="code",
                     style={"marginTop": "14px"})  # fmt: skip
    play = rx.el.a("Or try it as a user would, in a playground", href="/paywalls/" + _state.paywall.id
                   + "/profile/#playground", style={"marginTop": "14px", "display": "inline-block"})  # fmt: skip
    return rx.el.section(rx.el.h2("How your app calls it"), url, code, play, class_name="panel pad calling",
                         aria_label="How your app calls it")  # fmt: skip
