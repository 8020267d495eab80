"""How the analytics of an account look: which paywalls are added up, and then as those of a single one."""

import reflex as rx

from app.domain.analytics.groups import By
from app.web.components.parts import empty, instead, note, panel_skeletons
from app.web.developer.account_analytics.state import AccountAnalyticsState
from app.web.developer.analytics import parts
from app.web.developer.analytics.rows import TabRow
from app.web.frame import routes
from app.web.frame.layout import own_frame

_state = AccountAnalyticsState
_BY = (("Paywall", By.PAYWALL), ("Model", By.MODEL), ("User", By.USER), ("Key", By.KEY), ("Billing source", By.SOURCE))


def account_analytics() -> rx.Component:
    """Returns the page of what all paywalls of somebody brought and cost."""
    page = _state.page
    zones = rx.cond(page.zone != "", " Days are those of each paywall's own zone: " + page.zone + ".", "")
    said = ("Units and environments are never added up.", zones)
    head = rx.el.div(
        rx.el.div(rx.el.h1("Analytics"), rx.el.small(*said, class_name="muted")),
        rx.el.a("All paywalls", href=f"{routes.DASHBOARD}/", class_name="btn s"),
        class_name="page-head",
    )
    trouble = rx.cond(_state.problem != "", note("Not up to date", _state.problem, "wait"), rx.fragment())
    tabs = rx.el.nav(rx.foreach(page.tabs, _tab), class_name="segments", aria_label="Added up")
    found = rx.fragment(tabs, parts.range_line(page), parts.figures(page), parts.days(page), parts.parts(page, _BY))
    none = rx.el.section(
        empty("No paywall yet", "What your paywalls bring and cost together shows here.",
              rx.el.a("To your paywalls", href=f"{routes.DASHBOARD}/", class_name="btn s")),
        class_name="panel", style={"paddingTop": "20px"},
    )  # fmt: skip
    body = rx.cond(_state.phase == "ready", rx.fragment(trouble, rx.cond(page.tabs, found, none)),
                   panel_skeletons("120px", "220px"))  # fmt: skip
    shown = rx.el.div(head, body, class_name="page")
    failed = instead("Analytics cannot be shown", _state.problem)
    return own_frame(rx.cond(_state.phase == "invalid", failed, shown), current=routes.DASHBOARD, visitor=_state)


def _tab(row: rx.Var[TabRow]) -> rx.Component:
    return rx.el.a(row.name, href=row.url, class_name="btn", aria_current=rx.cond(row.is_here, "page", "false"),
                   key=row.name)  # fmt: skip
