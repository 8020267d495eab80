"""A bar for each day, stacked by app: plain elements, so that a page needs no charting library."""

import reflex as rx

from app.web.components.chart_rows import BarPart, DayBar, LegendRow, SpendChart


def spend_chart(chart: rx.Var[SpendChart]) -> rx.Component:
    """Returns the chart with its legend; read out as the sentence that sums it up."""
    return rx.el.figure(
        rx.el.div(
            rx.el.small(chart.top, class_name="faint num"),
            rx.el.div(rx.foreach(chart.days, _day), class_name="bars"),
            rx.el.div(rx.el.span(chart.first_day), rx.el.span("Today"), class_name="axis faint"),
            aria_hidden="true",
        ),
        rx.el.figcaption(
            rx.el.span(chart.summary, class_name="unseen"),
            rx.el.ul(rx.foreach(chart.legend, _legend), class_name="legend"),
        ),
        class_name="chart",
    )  # fmt: skip


def _day(day: rx.Var[DayBar]) -> rx.Component:
    return rx.el.div(rx.foreach(day.parts, _part), class_name="bar", title=day.title)


def _part(part: rx.Var[BarPart]) -> rx.Component:
    return rx.el.i(class_name=part.look, style={"height": part.height})


def _legend(row: rx.Var[LegendRow]) -> rx.Component:
    return rx.el.li(
        rx.el.i(class_name=row.look, aria_hidden="true"), rx.el.span(row.name), rx.el.b(row.amount, class_name="num")
    )
