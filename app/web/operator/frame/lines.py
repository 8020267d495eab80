"""Lines of operators' pages: what something is, what there is to say of it, and what to do; and the field that finds
some."""

from dataclasses import dataclass

import reflex as rx

from app.web.components.parts import empty, sandbox_tag, tag
from app.web.frame.plain_form import find_form


@dataclass(frozen=True)
class LineRow:
    """A line; `mend` says what to do where something is wrong, `href` where there is more."""

    id: str = ""
    title: str = ""
    detail: str = ""
    mend: str = ""
    badge: str = ""
    href: str = ""
    tone: str = "ok"
    is_sandbox: bool = False


def listed(title: str, rows: rx.Var[list[LineRow]], none: str, why: str, *head: rx.Component) -> rx.Component:
    """Returns a panel of lines, which says `none` and `why` where there are none."""
    nothing = rx.el.div(empty(none, why), style={"paddingTop": "20px" if head else "0"})  # a heading has its own space
    lines = rx.cond(rows, rx.el.ul(rx.foreach(rows, _line)), nothing)
    top = head or (rx.el.div(rx.el.h2(title), class_name="panel-head"),)
    return rx.el.section(*top, lines, class_name="panel attention", aria_label=title)


def search(words: rx.Var[str], label: str) -> rx.Component:
    """Returns the field that finds lines; what was looked for stands in the address."""
    form = find_form(
        rx.el.input(name="find", type="search", default_value=words, key="q" + words, max_length=200,
                    class_name="field plain s", placeholder=label, auto_complete="off", aria_label=label,
                    spell_check=False),
        rx.el.button("Find", type="submit", class_name="btn s"), class_name="listing-filters",
    )  # fmt: skip
    return rx.el.div(form, class_name="listing-head")


def _line(row: rx.Var[LineRow]) -> rx.Component:
    title = rx.cond(row.href != "", rx.el.a(row.title, href=row.href), rx.el.span(row.title))
    return rx.el.li(
        rx.el.i(class_name="dot " + row.tone, aria_hidden="true"),
        rx.el.div(rx.el.b(title), " ", rx.cond(row.badge != "", tag(row.badge), rx.fragment()), " ",
                  sandbox_tag(row.is_sandbox), rx.el.small(row.detail, class_name="muted"),
                  rx.cond(row.mend != "", rx.el.small(row.mend), rx.fragment()), class_name="grow"),
        class_name="item item-line", key=row.id,
    )  # fmt: skip
