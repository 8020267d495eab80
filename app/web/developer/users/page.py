"""How a paywall's users look: a search whose address can be copied, and a row for each."""

import reflex as rx

from app.domain.wallets.users import Barred
from app.web.components.parts import copy_text_button, empty
from app.web.developer.frame import sections
from app.web.developer.frame.layout import paywall_page
from app.web.developer.users.rows import UserRow
from app.web.developer.users.state import UsersState
from app.web.frame.plain_form import find_form

_state = UsersState
_STATES = (("Any state", Barred.ANY), ("Blocked", Barred.BLOCKED), ("Frozen", Barred.FROZEN))


@paywall_page(sections.USERS, UsersState, lead=UsersState.page.total)
def users() -> rx.Component:
    """Returns the page of a paywall's users."""
    return rx.el.section(
        _filters(),
        rx.cond(_state.page.rows.length() > 0, _table(), _nobody()),
        _foot(),
        class_name="panel listing-panel", aria_label="Users",
    )  # fmt: skip


def _filters() -> rx.Component:
    page = _state.page
    form = find_form(
        rx.el.input(name="user", type="search", default_value=page.search, key="q" + page.search, max_length=128,
                    class_name="field plain s", placeholder="Part of a user's id", aria_label="Part of a user's id",
                    auto_complete="off", spell_check=False),
        rx.el.select(*(rx.el.option(name, value=value.value) for name, value in _STATES), name="state",
                     default_value=page.barred, key="s" + page.barred, class_name="field plain s",
                     aria_label="State"),
        rx.el.button("Find", type="submit", class_name="btn s"),
        rx.cond(page.is_filtered, rx.el.a("Clear", href=page.clear, class_name="btn s bare"), rx.fragment()),
        class_name="listing-filters",
    )  # fmt: skip
    return rx.el.div(form, copy_text_button(page.address, "Copy link"), class_name="listing-head")


def _table() -> rx.Component:
    head = rx.el.tr(
        rx.el.th("User", scope="col"), rx.el.th("State", scope="col"),
        rx.el.th("Spendable now", scope="col", class_name="right"), rx.el.th("Binds now", scope="col"),
        rx.el.th("Last request", scope="col", class_name="right"),
        rx.el.th("First seen", scope="col", class_name="right gives-2"),
    )  # fmt: skip
    return rx.el.table(rx.el.thead(head), rx.el.tbody(rx.foreach(_state.page.rows, _row)), class_name="listing")


def _row(row: rx.Var[UserRow]) -> rx.Component:
    until = rx.cond(row.until != "", rx.el.small(row.until, class_name="muted"), rx.fragment())
    return rx.el.tr(
        rx.el.td(rx.el.a(row.user, href=row.url, class_name="mono")),
        rx.el.td(rx.el.span(row.state, class_name="tag " + row.tone)),
        rx.el.td(row.spendable, class_name="right num", custom_attrs={"data-label": "Spendable now"}),
        rx.el.td(row.binds, until, custom_attrs={"data-label": "Binds now"}),
        rx.el.td(rx.cond(row.last_use != "", row.last_use, "–"), class_name="right",
                 custom_attrs={"data-label": "Last request"}),
        rx.el.td(row.since, class_name="right gives-2 none", custom_attrs={"data-label": "First seen"}),
        key=row.id,
    )  # fmt: skip


def _nobody() -> rx.Component:
    none = empty("No users yet", "A user appears here with their first top-up, grant or consent.")
    no_match = empty("Nobody fits", "Try a shorter part of the id, or clear the filter.")
    return rx.el.div(rx.cond(_state.page.is_any, no_match, none), style={"paddingTop": "20px"})


def _foot() -> rx.Component:
    page = _state.page
    older = rx.el.a(rx.cond(page.looked != "", "Look at older ones", "Older"), href=page.older, class_name="btn s")
    line = rx.el.div(rx.el.small(page.looked, class_name="muted"), rx.cond(page.older != "", older, rx.fragment()),
                     class_name="listing-foot")  # fmt: skip
    return rx.cond(page.older != "", line, rx.fragment())
