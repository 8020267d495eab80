"""The frame of every page: the bar at the top, the way back to the app, the theme, the foot."""

from typing import Any

import reflex as rx
from reflex_base.vars.function import FunctionVar

from app.web.frame import questions, routes
from app.web.frame.plain_form import post_form

_CONTENT = "content"
_OF_CREDITS = (("Credits", routes.CREDITS), ("Chat", routes.CHAT))
_SECTIONS = (("Wallet", routes.WALLET), ("Activity", routes.ACTIVITY), ("Settings", routes.SETTINGS))


def frame(*children: rx.Component, back: rx.Component | None = None) -> rx.Component:
    """Returns a page with its bar; `back` leads to where its visitor came from."""
    bar = rx.el.header(
        rx.el.div(_brand(), rx.el.div(back or rx.fragment(), help_link(), theme_button(), class_name="row"),
                  class_name="top-in row between"),
        class_name="top",
    )  # fmt: skip
    return rx.fragment(_skip(), bar, main(*children))


def own_frame(
    *children: rx.Component, current: str, visitor: Any, beside: rx.Component | None = None, has_main: bool = False
) -> rx.Component:
    """Returns a page of somebody who is signed in; `current` is its route, `visitor` the page's `VisitorState`.

    `beside` stands in the place of the sections where there is no room for both; with `has_main` the children say
    themselves what of them is the page's main part.
    """
    links = (_dashboard(current, visitor), *_own_sections(current, visitor))
    leave = post_form(
        "/auth/sign-out",
        rx.el.button("Sign out", type="submit", class_name="btn s bare"),
    )
    bar = rx.el.header(
        rx.el.div(
            _brand(),
            rx.fragment() if beside is None else rx.el.div(beside, class_name="top-switch"),
            rx.el.nav(*links, _shown_here(visitor), class_name=_sections_class(current, visitor),
                      aria_label="Your account"),
            rx.el.div(rx.el.small(visitor.person_email, class_name="muted who"), help_link(), theme_button(), leave,
                      class_name="row tools"),
            class_name="top-in row between own",
        ),
        class_name="top" if beside is None else "top has-side",
    )  # fmt: skip
    return rx.fragment(_skip(), bar, *(children if has_main else [main(*children)]))


def main(*children: rx.Component, **props: Any) -> rx.Component:
    """Returns a page's main part, to which its first link skips."""
    return rx.el.main(*children, id=_CONTENT, tab_index=-1, **props)


def _skip() -> rx.Component:
    """Returns the first link of a page, seen while it has the focus: past what every page has, to its main part."""
    goes = run_script(f"() => document.getElementById('{_CONTENT}').focus()")
    return rx.el.a("Skip to content", href=f"#{_CONTENT}", on_click=[rx.prevent_default, goes], class_name="skip",
                   on_mount=run_script(questions.WATCH))  # fmt: skip


def _own_sections(current: str, visitor: Any) -> list[rx.Component]:
    """Returns the links to a person's own pages; those of credits stand between where these are offered."""
    first, *others = (_section(name, route, current) for name, route in _SECTIONS)
    beside = rx.fragment(*(_section(name, route, current) for name, route in _OF_CREDITS))
    return [first, rx.cond(visitor.has_credits, beside, rx.fragment()), *others]


def _dashboard(current: str, visitor: Any) -> rx.Component:
    """A developer's own pages lead back to it at once, others as soon as it is known that there is one."""
    link = _section("Dashboard", routes.DASHBOARD, current)
    return link if current == routes.DASHBOARD else rx.cond(visitor.has_dashboard, link, rx.fragment())


def _sections_class(current: str, visitor: Any) -> rx.Var[str] | str:
    """Sections that may still move to the side are not shown: a link is where it is first seen. The dashboard's is the
    first, and moves for nobody."""
    waiting = "sections unread led" if current == routes.DASHBOARD else "sections unread"
    return rx.cond(visitor.phase != "loading", "sections", waiting)


def _shown_here(visitor: Any) -> rx.Component:
    """Scrolls a phone's strip to the page that is shown, once all of its links are there."""
    mark = rx.el.i(class_name="unseen", aria_hidden="true", on_mount=scrolled_to_here(".sections"))
    return rx.cond(visitor.phase != "loading", mark, rx.fragment())


def _section(name: str, route: str, current: str) -> rx.Component:
    here = "page" if route == current else "false"
    return rx.el.a(name, href=f"{route}/", class_name="section", aria_current=here)


def _brand() -> rx.Component:
    return rx.el.a(rx.el.span(class_name="mark", aria_hidden="true"), "Coinslot", href=routes.HOME, class_name="brand")


def scrolled_to_here(strip: str) -> Any:
    """Returns what scrolls a strip of links, found by its selector and positioned, to the page that is shown.

    Before it is first drawn, and again whenever it becomes another width, as where a phone is turned.
    """
    return run_script(f"""() => {{
  const strip = document.querySelector("{strip}");
  const look = () => {{
    const here = strip.querySelector("[aria-current=page]");
    if (here) strip.scrollLeft = here.offsetLeft - (strip.clientWidth - here.offsetWidth) / 2;
  }};
  if (strip) new ResizeObserver(look).observe(strip);
}}""")


def run_script(script: str) -> Any:
    """Returns what calls a function of JavaScript."""
    return rx.call_function(rx.Var(_js_expr=f"({script})").to(FunctionVar))


def foot() -> rx.Component:
    """Returns the foot of pages that stand as they were loaded; under others it would move as they are read."""
    told = rx.el.a("Help", href=f"{routes.HELP}/")
    return rx.el.footer("Coinslot keeps a receipt for every charge. ", told, class_name="foot")


def help_link() -> rx.Component:
    """Returns the way to the help."""
    return rx.el.a("?", href=f"{routes.HELP}/", class_name="btn s bare whole", aria_label="Help", title="Help")


def theme_button() -> rx.Component:
    """Returns the button that changes between light and dark."""
    return rx.el.button(
        rx.color_mode_cond(light="Dark", dark="Light"),
        on_click=rx.toggle_color_mode,
        class_name="btn s bare",
        type="button",
        aria_label="Change between light and dark",
    )
