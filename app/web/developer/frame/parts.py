"""Parts that several pages of developers show."""

import reflex as rx

from app.web.developer.frame.attention import AttentionRow
from app.web.developer.frame.chart import DayChart
from app.web.developer.frame.differences import DifferenceRow


def attention_list(rows: rx.Var[list[AttentionRow]], *, is_of_one: bool = False) -> rx.Component:
    """Returns what is wrong, the worst first, each with where it is mended; nothing where nothing is.

    With `is_of_one` all of it is about one paywall, whose name is not said again.
    """

    def line(row: rx.Var[AttentionRow]) -> rx.Component:
        title = row.title if is_of_one else row.paywall + ": " + row.title
        mend = rx.cond(row.url != "", rx.el.a(row.action, href=row.url, class_name="btn s"), rx.fragment())
        return rx.el.li(
            rx.el.i(class_name="dot " + row.tone, aria_hidden="true"),
            rx.el.div(rx.el.b(title), rx.el.small(row.detail, class_name="muted"), class_name="grow"), mend,
            class_name="item item-line", key=row.id,
        )  # fmt: skip

    panel = rx.el.section(
        rx.el.div(rx.el.h2("Needs attention"), class_name="panel-head"), rx.el.ul(rx.foreach(rows, line)),
        class_name="panel attention", aria_label="Needs attention",
    )  # fmt: skip
    return rx.cond(rows, panel, rx.fragment())


def differences(rows: rx.Var[list[DifferenceRow]]) -> rx.Component:
    """Returns what a publication would change; a sign says beside the colour what goes and what comes."""

    def line(row: rx.Var[DifferenceRow]) -> rx.Component:
        gone = rx.el.div(rx.el.span("−", class_name="sign"), rx.el.del_(row.gone), class_name="del")
        comes = rx.el.div(rx.el.span("+", class_name="sign"), rx.el.ins(row.comes), class_name="add")
        return rx.el.div(
            rx.el.h3(row.name), rx.cond(row.gone != "", gone, rx.fragment()),
            rx.cond(row.comes != "", comes, rx.fragment()), key=row.name,
        )  # fmt: skip

    return rx.el.div(rx.foreach(rows, line), class_name="diff")


def day_plot(chart: rx.Var[DayChart]) -> rx.Component:
    """Returns revenue and margin by day as lines; read out as the sentence that sums them up."""
    svg = rx.el.svg
    drawing = rx.el.svg(
        svg.path(d=chart.area, class_name="fill"), svg.path(d=chart.zero, class_name="zero"),
        # The margin lies beneath and is broader: where both are the same, as on a day without either, both are seen.
        svg.path(d=chart.margin, class_name="drawn second"), svg.path(d=chart.revenue, class_name="drawn"),
        svg.path(d=chart.margin_now, class_name="drawn second now"),
        svg.path(d=chart.revenue_now, class_name="drawn now"),
        view_box="-4 -4 1008 168", custom_attrs={"preserveAspectRatio": "none"}, aria_hidden="true",
    )  # fmt: skip
    return rx.el.figure(
        rx.el.div(rx.el.small(chart.top, class_name="faint num"), drawing, class_name="plot"),
        rx.el.div(rx.el.span(chart.first), rx.el.span(chart.middle), rx.el.span(chart.last), class_name="axis faint",
                  aria_hidden="true"),
        rx.cond(chart.before != "", rx.el.small(chart.before, class_name="muted"), rx.fragment()),
        rx.el.figcaption(chart.summary, class_name="unseen"), class_name="inset",
    )  # fmt: skip
