"""How the pages of operators are framed: a heading, and links between them."""

from typing import Any

import reflex as rx

from app.web.components.parts import instead, note, panel_skeletons
from app.web.frame import routes
from app.web.frame.layout import own_frame, scrolled_to_here

_PAGES = (
    ("Health", routes.OPERATOR_HEALTH), ("Accounts", routes.OPERATOR_ACCOUNTS), ("Paywalls", routes.OPERATOR_PAYWALLS),
    ("Wallets", routes.OPERATOR_WALLETS), ("Treasury", routes.OPERATOR_TREASURY),
    ("Connections", routes.OPERATOR_CONNECTIONS), ("Catalogue", routes.OPERATOR_CATALOGUE),
    ("Jobs", routes.OPERATOR_JOBS), ("Settings", routes.OPERATOR_SETTINGS),
)  # fmt: skip


def operator_page(title: str, lead: rx.Var[str] | str, state: Any, *body: rx.Component) -> rx.Component:
    """Returns a page of operators; to anybody else there is none. Its times are UTC."""
    links = rx.el.nav(
        *(rx.el.a(name, href=f"{route}/", class_name="btn", aria_current="page" if name == title else "false")
          for name, route in _PAGES),
        class_name="segments strip", aria_label="This instance", on_mount=scrolled_to_here(".segments.strip"),
    )  # fmt: skip
    head = rx.el.div(rx.el.div(rx.el.h1(title), rx.el.small(lead, class_name="muted")), class_name="page-head")
    trouble = rx.cond(state.problem != "", note("Not up to date", state.problem, "wait"), rx.fragment())
    shown = rx.el.div(
        head, links, rx.cond(state.phase == "ready", rx.fragment(trouble, *body), panel_skeletons("120px", "220px")),
        class_name="page", key="page",
    )  # fmt: skip
    nobody = rx.el.div(instead("There is no such page", "It may have moved, or the address has a slip.",
                               rx.el.a("To the start", href=routes.HOME, class_name="btn")), key="nobody")  # fmt: skip
    return own_frame(rx.cond(state.phase == "invalid", nobody, shown), current=routes.DASHBOARD, visitor=state)
