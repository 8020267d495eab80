"""How the pages of a paywall are framed: the switcher, the sections in their groups, on a phone a strip of them."""

from collections.abc import Callable
from functools import wraps
from itertools import groupby
from typing import Any

import reflex as rx

from app.web.components.parts import app_icon, instead, note, panel_skeletons, sandbox_tag, skeleton, tag
from app.web.developer.frame.rows import PaywallChoice
from app.web.developer.frame.sections import Section, linked, note_page
from app.web.frame import routes
from app.web.frame.layout import main, own_frame, run_script, scrolled_to_here

Body = Callable[[], rx.Component]

_SHUT = """() => {
  const shut = (event) => document.querySelectorAll("details.switch[open]").forEach((menu) => {
    if (event.key === "Escape") { menu.open = false; menu.querySelector("summary").focus(); }
    else if (event.key === undefined && !menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("click", shut);
  document.addEventListener("keydown", shut);
}"""
"""Shuts the switcher at a click beside it and at Escape."""


def paywall_page(section: Section, state: Any, *, lead: rx.Var[str] | str = "") -> Callable[[Body], Body]:
    """Frames what a function returns as a section of a paywall, and links it in the navigation.

    `state` is the page's `PaywallState`. The heading is the section's title, `lead` a sentence beneath it; what the
    function returns stands below, once it was read.
    """
    note_page(section)

    def framed(body: Body) -> Body:
        @wraps(body)
        def page() -> rx.Component:
            return _page(section, state, lead, body)

        return page

    return framed


def _page(section: Section, state: Any, lead: rx.Var[str] | str, body: Body) -> rx.Component:
    paywall = state.paywall
    head = rx.el.div(
        rx.el.div(rx.el.h1(section.title), rx.fragment() if isinstance(lead, str) and not lead else (
            rx.el.small(lead, class_name="muted"))),
        rx.el.div(
            rx.cond(paywall.is_archived, tag("Archived", tone="bad"), rx.fragment()),
            rx.cond(paywall.is_sandbox, sandbox_tag(paywall.is_sandbox),
                    rx.cond(paywall.id != "", tag("Live"), rx.fragment())),
            class_name="row",
        ),
        class_name="page-head titled",
    )  # fmt: skip
    trouble = rx.cond(state.problem != "", note("Not up to date", state.problem, "wait"), rx.fragment())
    looking_on = rx.cond(paywall.role != "", rx.el.p(paywall.role, class_name="muted"), rx.fragment())
    shown = rx.cond(state.phase == "ready", rx.fragment(trouble, looking_on, body()),
                    panel_skeletons("120px", "220px"))  # fmt: skip
    shell = rx.el.div(_side(section, state), main(head, shown, class_name="page"), class_name="shell")
    nobody = instead("There is no such page", state.problem,
                     rx.el.a("To your paywalls", href=f"{routes.DASHBOARD}/", class_name="btn"))  # fmt: skip
    return rx.cond(
        state.phase == "invalid",
        own_frame(nobody, current="", visitor=state),
        own_frame(shell, current=routes.DASHBOARD, visitor=state, beside=_switcher(section, state), has_main=True),
    )  # fmt: skip


def _side(section: Section, state: Any) -> rx.Component:
    groups = (
        rx.el.div(rx.el.h2(name), rx.el.ul(*(_link(one, section, state) for one in members)), class_name="nav-group")
        for name, members in groupby(linked(), key=lambda one: one.group)
    )
    arrive = [scrolled_to_here(".side .nav"), run_script(_SHUT)]
    nav = rx.el.nav(*groups, class_name="nav", aria_label="This paywall", on_mount=arrive)
    # Before the paywall is known a link would lead nowhere, and somebody quick would follow it.
    places = rx.el.div(*(skeleton("100%", "20px") for _ in range(4)), class_name="nav-places")
    return rx.el.div(_switcher(section, state), rx.cond(state.paywall.id != "", nav, places), class_name="side")


def _link(one: Section, section: Section, state: Any) -> rx.Component:
    return rx.el.li(
        rx.el.a(one.title, href="/paywalls/" + state.paywall.id + f"/{one.name}/",
                aria_current="page" if one is section else "false")
    )  # fmt: skip


def _switcher(section: Section, state: Any) -> rx.Component:
    """The paywall that is shown, and behind it the others; each leads to its page of the same section."""
    paywall = state.paywall

    def choice(row: rx.Var[PaywallChoice]) -> rx.Component:
        return rx.el.li(
            rx.el.a(_named(row), href="/paywalls/" + row.id + f"/{section.name}/",
                    aria_current=rx.cond(row.id == paywall.id, "true", "false")),
            key=row.id,
        )  # fmt: skip

    named = rx.el.summary(_named(paywall), aria_label=paywall.name + ". Change the paywall")
    menu = rx.el.div(
        rx.el.ul(rx.foreach(paywall.choices, choice)),
        rx.el.a("All paywalls", href=f"{routes.DASHBOARD}/", class_name="all"),
        class_name="switch-menu",
    )
    return rx.el.details(named, menu, class_name="switch")


def _named(row: Any) -> rx.Component:
    """A paywall's icon, name and kind."""
    return rx.fragment(
        app_icon(row.initials, row.icon), rx.el.span(rx.el.b(row.name), rx.el.small(row.kind, class_name="muted"))
    )
