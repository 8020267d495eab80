"""How the keys of the Management API look in the settings of somebody who looks after paywalls."""

import reflex as rx

from app.web.components.once import fetch_once, kept_here
from app.web.components.parts import confirm, copy_text_button, empty
from app.web.end_user.settings.cards_page import anchor
from app.web.end_user.settings.rows import DeveloperKeyRow
from app.web.end_user.settings.state import SettingsState

_state = SettingsState
_made = kept_here("newdeveloperkey")
_problem = kept_here("newdeveloperkeyproblem")
DEVELOPER_KEYS = "Developer keys"
FORM = "developer-key-form"


def developer_keys() -> rx.Component:
    """Returns the section. A new key is known to this browser's page alone: it never passes a page's state."""
    page = _state.page
    head = rx.el.div(
        rx.el.h2(DEVELOPER_KEYS),
        rx.el.small("With one, your own programs look after your paywalls: keys, users, prices.", class_name="muted"),
        class_name="inset", style={"paddingTop": "20px", "paddingBottom": "12px"},
    )  # fmt: skip
    none = empty("No key yet", "A key opens the paywalls that you own, by the Management API.")
    found = rx.cond(page.developer_keys.length() > 0, rx.el.div(rx.foreach(page.developer_keys, _key)), none)
    problem = rx.el.p(_state.key_error, class_name="bad inset", role="alert")
    section = rx.el.section(
        head, _new(), found, problem, _form(), class_name="panel", aria_label=DEVELOPER_KEYS, id=anchor(DEVELOPER_KEYS)
    )
    return rx.cond(page.is_developer, section, rx.fragment())


def _new() -> rx.Component:
    shown = rx.el.div(
        rx.el.p("This is the key. It is shown once; keep it where you keep passwords.", class_name="muted"),
        rx.el.p(_made.value, class_name="secret", style={"margin": "10px 0"}),
        rx.el.div(copy_text_button(_made.value), rx.el.button("Done", on_click=_made.set_value(""), class_name="btn s",
                                                              type="button"), class_name="row"),
        class_name="item",
    )  # fmt: skip
    return rx.cond(_made.value != "", shown, rx.fragment())


def _key(row: rx.Var[DeveloperKeyRow]) -> rx.Component:
    asked = confirm("Whatever uses " + row.name + " stops working at once.", "Revoke", "Keep",
                    _state.revoke_developer_key(row.id), _state.ask(""))  # fmt: skip
    revoke = rx.el.button("Revoke", on_click=_state.ask("developer-key:" + row.id), class_name="btn s bare",
                          type="button", aria_label="Revoke " + row.name)  # fmt: skip
    return rx.el.div(
        rx.el.div(rx.el.div(rx.el.b(row.name), rx.el.small(row.detail, class_name="muted"), class_name="grow"), revoke,
                  class_name="item-line"),
        rx.cond(_state.asking == "developer-key:" + row.id, asked, rx.fragment()),
        class_name="item", key=row.id,
    )  # fmt: skip


def _form() -> rx.Component:
    post = fetch_once("/auth/developer-key", "key", _made, _problem, FORM)
    return rx.el.form(
        rx.el.label(rx.el.span("Name"), rx.el.input(name="name", max_length=60, class_name="field plain s",
                                                    auto_complete="off", placeholder="CI"), class_name="labelled"),
        rx.el.label(rx.el.input(type="checkbox", name="may_write", value="yes"),
                    rx.el.span("May change things; without this it only reads"), class_name="row"),
        rx.el.p(_problem.value, class_name="bad problem", role="alert"),
        rx.el.div(rx.el.button("Make a key", type="submit", class_name="btn s")),
        id=FORM, on_submit=post, class_name="item stack",
        style={"gap": "12px", "borderTop": "1px solid var(--line)"},
    )  # fmt: skip
