"""How a paywall's ledger looks: which account, filters whose address can be copied, a file of all that fits."""

import reflex as rx

from app.web.components.parts import copy_text_button, empty
from app.web.developer.frame import sections
from app.web.developer.frame.layout import paywall_page
from app.web.developer.ledger.rows import BookChoice, LedgerRow
from app.web.developer.ledger.state import LedgerState
from app.web.frame.plain_form import file_link, find_form

_state = LedgerState


@paywall_page(sections.LEDGER, LedgerState, lead="Every movement, as it was posted. Days and times are UTC.")
def ledger() -> rx.Component:
    """Returns the page of a paywall's ledger."""
    page = _state.page
    return rx.el.section(
        _filters(), rx.cond(page.rows.length() > 0, _table(), _nothing()), _foot(),
        class_name="panel listing-panel", aria_label="Ledger",
    )  # fmt: skip


def _filters() -> rx.Component:
    page = _state.page
    form = find_form(
        rx.el.select(rx.foreach(page.books, _book), name="account", default_value=page.account,
                     key="a" + page.account, class_name="field plain s", aria_label="Account"),
        rx.el.input(name="user", default_value=page.user, key="u" + page.user, max_length=128, placeholder="User",
                    aria_label="User", class_name="field plain s", auto_complete="off", spell_check=False),
        rx.el.input(type="date", name="day", default_value=page.day, key="d" + page.day, class_name="field plain s",
                    aria_label="Day, UTC"),
        rx.el.button("Find", type="submit", class_name="btn s"),
        rx.cond(page.is_filtered, rx.el.a("Clear", href=page.clear, class_name="btn s bare"), rx.fragment()),
        class_name="listing-filters",
    )  # fmt: skip
    acts = rx.el.div(file_link("Download CSV", page.csv, class_name="btn s"),
                     copy_text_button(page.address, "Copy link"), class_name="row")  # fmt: skip
    return rx.el.div(form, acts, class_name="listing-head")


def _book(choice: rx.Var[BookChoice]) -> rx.Component:
    return rx.el.option(choice.name, value=choice.value, key=choice.value)


def _table() -> rx.Component:
    head = rx.el.tr(rx.el.th("What", scope="col"), rx.el.th("User", scope="col"),
                    rx.el.th("When", scope="col", class_name="right"),
                    rx.el.th("Amount", scope="col", class_name="right"))  # fmt: skip
    return rx.el.table(rx.el.thead(head), rx.el.tbody(rx.foreach(_state.page.rows, _row)), class_name="listing lines")


def _row(row: rx.Var[LedgerRow]) -> rx.Component:
    user = rx.cond(row.user != "", rx.el.a(row.user, href=row.user_url, class_name="mono"), "–")
    return rx.el.tr(
        rx.el.td(rx.el.b(row.what), rx.cond(row.detail != "", rx.el.small(row.detail, class_name="muted"),
                                            rx.fragment())),
        rx.el.td(user),
        rx.el.td(rx.el.time(row.when, title=row.at), class_name="right"),
        rx.el.td(row.amount, class_name=rx.cond(row.is_in, "right num good", "right num")),
        key=row.id,
    )  # fmt: skip


def _nothing() -> rx.Component:
    none = empty("Nothing was posted yet", "Top-ups, charges, grants and refunds appear here as they are posted.")
    no_match = empty("Nothing fits", "Try another user or day, or clear the filter.")
    return rx.el.div(rx.cond(_state.page.is_filtered, no_match, none), style={"paddingTop": "20px"})


def _foot() -> rx.Component:
    page = _state.page
    older = rx.el.a(rx.cond(page.looked != "", "Look further back", "Older"), href=page.older, class_name="btn s")
    line = rx.el.div(rx.el.small(page.looked, class_name="muted"), older, class_name="listing-foot")
    return rx.cond(page.older != "", line, rx.fragment())
