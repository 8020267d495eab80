"""How settings look: each with its value and its source, and one field at a time to change one."""

import reflex as rx

from app.web.components.parts import problem_line, tag
from app.web.operator.frame.layout import operator_page
from app.web.operator.settings.rows import SettingRow
from app.web.operator.settings.state import InstanceSettingsState

_state = InstanceSettingsState


def instance_settings() -> rx.Component:
    """Returns the page on which operators change how their instance treats money."""
    listed = rx.el.section(
        rx.el.ul(rx.foreach(_state.page.rows, _row)), class_name="panel attention", aria_label="Settings",
    )  # fmt: skip
    lead = "They count within a second, in every process. Each change is logged."
    return operator_page("Settings", lead, _state, listed)


def _row(row: rx.Var[SettingRow]) -> rx.Component:
    is_open = _state.editing == row.name
    change = rx.el.button("Change", on_click=_state.edit(row.name), class_name="btn s", type="button",
                          aria_label="Change " + row.title)  # fmt: skip
    done = rx.cond(_state.done == row.name, rx.el.span("Saved", class_name="tag ok", role="status"), rx.fragment())
    return rx.el.li(
        rx.el.div(
            rx.el.div(rx.el.b(row.title), " ", rx.cond(row.is_chosen, tag("Changed"), rx.fragment()),
                      rx.el.small(row.does, class_name="muted"), rx.el.small(row.source, class_name="faint"),
                      class_name="grow"),
            done, rx.el.b(row.shown, class_name="num nowrap"), rx.cond(is_open, rx.fragment(), change),
            class_name="item-line wrap",
        ),
        rx.cond(is_open, _form(row), rx.fragment()), class_name="item", key=row.name,
    )  # fmt: skip


def _form(row: rx.Var[SettingRow]) -> rx.Component:
    field = rx.el.input(
        name="value", default_value=row.written, key="v" + row.name + row.written, class_name="field plain s",
        max_length=200, auto_complete="off", auto_focus=True, aria_label=row.title, aria_describedby="bounds",
        style={"width": "200px"},
    )  # fmt: skip
    give_back = rx.el.button("Use the environment's", on_click=_state.give_back, class_name="btn s", type="button")
    return rx.form(
        rx.el.div(
            field, rx.el.span(row.unit, class_name="muted"),
            rx.el.button("Save", type="submit", class_name="btn s primary"),
            rx.cond(row.is_chosen, give_back, rx.fragment()),
            rx.el.button("Not now", on_click=_state.edit(""), class_name="btn s bare", type="button"),
            class_name="row tight wrap",
        ),
        rx.el.small(row.bounds, class_name="muted", id="bounds"), problem_line(_state.error),
        on_submit=_state.save, class_name="stack", style={"gap": "8px", "paddingTop": "10px"},
    )  # fmt: skip
