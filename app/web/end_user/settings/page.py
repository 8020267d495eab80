"""How the settings look: profile, ways to sign in, sessions, cards and auto top-up, API key."""

import reflex as rx

from app.web.components.ethereum.sign_in_form import ethereum_form
from app.web.components.once import fetch_once, kept_here
from app.web.components.parts import (
    confirm,
    copy_text_button,
    empty,
    instead,
    panel_skeletons,
    problem_line,
    saved_line,
    tag,
)
from app.web.end_user.settings.cards_page import CARDS, anchor, cards_sections
from app.web.end_user.settings.keys_page import DEVELOPER_KEYS, developer_keys
from app.web.end_user.settings.own_keys_page import OWN_KEYS, own_keys
from app.web.end_user.settings.privacy_page import PRIVACY, privacy
from app.web.end_user.settings.rows import MethodRow, ProviderRow, SessionRow
from app.web.end_user.settings.state import SettingsState
from app.web.frame import routes
from app.web.frame.layout import own_frame
from app.web.frame.plain_form import post_form

_PROFILE, _METHODS, _SESSIONS, _KEY = "Profile", "Ways to sign in", "Sessions", "API key"

_state = SettingsState
_new_key = kept_here("newkey")
_key_problem = kept_here("newkeyproblem")


def settings() -> rx.Component:
    """Returns the page of a person's account."""
    role = tag(_state.page.role, tone="ok")
    sections = rx.fragment(_profile(), _methods(), _sessions(), cards_sections(), own_keys(), _key(),
                           developer_keys(), privacy())  # fmt: skip
    shown = rx.el.div(
        rx.el.div(rx.el.h1("Settings"), rx.cond(_state.page.role != "", role, rx.fragment()), class_name="page-head"),
        rx.el.div(
            _list(),
            rx.el.div(rx.cond(_state.phase == "ready", sections, panel_skeletons("174px", "96px", "52px", "96px")),
                      class_name="stack"),
            class_name="listed",
        ),
        class_name="narrow stack", style={"maxWidth": "880px"},
    )  # fmt: skip
    failed = instead("The settings cannot be shown", _state.problem)
    page = rx.cond(_state.phase == "invalid", failed, shown)
    return own_frame(page, current=routes.SETTINGS, visitor=_state)


def _list() -> rx.Component:
    """The list of the page's sections, at the left or as a strip; those of cards and developers where
    there are any.
    """

    def link(title: str, first: str = "") -> rx.Component:
        return rx.el.a(title, href=f"#{anchor(first or title)}")

    own = rx.cond(_state.cards_page.connection_id != "", link("Cards and auto top-up", CARDS), rx.fragment())
    developers = rx.cond(_state.page.is_developer, link(DEVELOPER_KEYS), rx.fragment())
    keys = rx.cond(_state.own_keys.is_read, link(OWN_KEYS), rx.fragment())
    # Those behind the cards stand where they will be only once it is known whether there are any.
    last = rx.cond(_state.page.has_conversations, link(PRIVACY), rx.fragment())
    behind = rx.cond(_state.phase == "ready", rx.fragment(own, keys, link(_KEY), developers, last), rx.fragment())
    return rx.el.nav(link(_PROFILE), link(_METHODS), link(_SESSIONS), behind, class_name="list",
                     aria_label="Sections of your settings")  # fmt: skip


def _section(title: str, *children: rx.Component, aside: rx.Component | None = None) -> rx.Component:
    head = rx.el.div(rx.el.h2(title), aside or rx.fragment(), class_name="row between inset",
                     style={"paddingTop": "20px", "paddingBottom": "12px"})  # fmt: skip
    return rx.el.section(head, *children, class_name="panel", aria_label=title, id=anchor(title))


def _profile() -> rx.Component:
    page = _state.page
    form = rx.el.form(
        rx.el.label(rx.el.span("Name"), rx.el.input(name="name", default_value=page.name, class_name="field plain s",
                                                    max_length=60, auto_complete="name"), class_name="labelled"),
        rx.el.label(
            rx.el.span("Usual cap of an app, in USDC a month"),
            rx.el.input(name="cap", default_value=page.cap, class_name="field plain s num", input_mode="decimal",
                        max_length=12),
            class_name="labelled",
        ),
        problem_line(_state.error),
        rx.el.div(rx.el.button("Save", type="submit", class_name="btn s primary"), saved_line(_state.saves),
                  class_name="row"),
        on_submit=_state.save_profile, class_name="inset stack", style={"paddingBottom": "22px", "gap": "12px"},
    )  # fmt: skip
    return _section(_PROFILE, form)


def _methods() -> rx.Component:
    ethereum = ethereum_form("Add an Ethereum account", f"{routes.SETTINGS}/", "btn s", adding=True)
    add = rx.el.div(
        rx.el.a("Add an e-mail address", href=f"{routes.SIGN_IN}/?add=1&next={routes.SETTINGS}/", class_name="btn s"),
        rx.foreach(_state.page.providers, _provider),
        rx.cond(_state.page.has_ethereum, ethereum, rx.fragment()), class_name="row item", style={"flexWrap": "wrap"},
    )  # fmt: skip
    problem = rx.el.p(_state.method_error, class_name="bad inset", role="alert")
    return _section(_METHODS, rx.el.div(rx.foreach(_state.page.methods, _method)), problem, add)


def _provider(row: rx.Var[ProviderRow]) -> rx.Component:
    return post_form(
        row.url,
        rx.el.input(type="hidden", name="next", value=f"{routes.SETTINGS}/", read_only=True),
        rx.el.button("Add ", row.label, type="submit", class_name="btn s"),
    )


def _method(row: rx.Var[MethodRow]) -> rx.Component:
    question = "Remove " + row.label + "? You cannot sign in with it afterwards."
    asked = confirm(question, "Remove", "Keep", _state.remove_method(row.id), _state.ask(""))
    remove = rx.el.button("Remove", on_click=_state.ask(row.id), class_name="btn s bare", type="button",
                          aria_label="Remove " + row.label)  # fmt: skip
    return rx.el.div(
        rx.el.div(rx.el.div(rx.el.b(row.label), rx.el.small(row.detail, class_name="muted"), class_name="grow"), remove,
                  class_name="item-line"),
        rx.cond(_state.asking == row.id, asked, rx.fragment()),
        class_name="item", key=row.id,
    )  # fmt: skip


def _sessions() -> rx.Component:
    everywhere = post_form("/auth/sign-out", rx.el.input(type="hidden", name="everywhere", value="yes", read_only=True),
        rx.el.button("Sign out everywhere", type="submit", class_name="btn s"),)  # fmt: skip
    return _section(_SESSIONS, rx.el.div(rx.foreach(_state.page.sessions, _session)), aside=everywhere)


def _session(row: rx.Var[SessionRow]) -> rx.Component:
    end = rx.el.button("Sign out", on_click=_state.end_session(row.id), class_name="btn s bare", type="button",
                       aria_label="Sign out of " + row.title)  # fmt: skip
    return rx.el.div(
        rx.el.div(rx.el.b(row.title), rx.el.small(row.detail, class_name="muted"), class_name="grow"),
        rx.cond(row.is_this, tag("This browser", tone="ok"), end),
        class_name="item item-line", key=row.id,
    )  # fmt: skip


def _key() -> rx.Component:
    """The section of the API key. A new one is known to this browser's page alone: it never passes a page's state."""
    page, make = _state.page, [_state.ask(""), fetch_once("/auth/account-key", "key", _new_key, _key_problem)]
    shown = rx.el.div(
        rx.el.p("This is your key. It is shown once; keep it where you keep passwords.", class_name="muted"),
        rx.el.p(_new_key.value, class_name="secret", style={"margin": "10px 0"}),
        rx.el.div(copy_text_button(_new_key.value), rx.el.button("Done", on_click=_new_key.set_value(""),
                                                                 class_name="btn s", type="button"), class_name="row"),
        class_name="item",
    )  # fmt: skip
    again = confirm("The key that you have stops working at once.", "Make a new one", "Keep", make, _state.ask(""))
    revoke = confirm("Whatever uses this key stops working at once.", "Revoke", "Keep", _state.revoke_key,
                     _state.ask(""))  # fmt: skip
    has = rx.el.div(
        rx.el.div(
            rx.el.div(rx.el.b(page.key, class_name="num"), rx.el.small(page.key_detail, class_name="muted"),
                      class_name="grow"),
            rx.el.div(
                rx.el.button("Make a new one", on_click=_state.ask("new-key"), class_name="btn s", type="button"),
                rx.el.button("Revoke", on_click=_state.ask("revoke-key"), class_name="btn s bare", type="button",
                             aria_label="Revoke the API key"), class_name="row tight",
            ),
            class_name="item-line wrap",
        ),
        rx.match(_state.asking, ("new-key", again), ("revoke-key", revoke), rx.fragment()),
        class_name="item",
    )  # fmt: skip
    none = empty("No key yet", "A key lets your own programs use your account's credits.",
                 rx.el.button("Make a key", on_click=make, class_name="btn s", type="button"))  # fmt: skip
    known = rx.cond(_new_key.value != "", shown, rx.cond(page.key != "", has, none))
    problem = rx.el.p(_key_problem.value, class_name="bad inset", role="alert")
    beside = rx.el.a("Credits", href=f"{routes.CREDITS}/", class_name="btn s")
    return _section(_KEY, rx.el.div(known, problem), aside=beside)
