"""Parts of the page of limits: a limit with its promise and its switch, and the form of one user's or key's own."""

from typing import Any

import reflex as rx

from app.web.components.parts import confirm, empty
from app.web.developer.limits import fields
from app.web.developer.limits.overrides_state import PREFIX
from app.web.developer.limits.rows import KeyChoice, OverrideRow
from app.web.developer.limits.state import LimitsState

_state = LimitsState
_SEARCH_MILLISECONDS = 250


def limit(key: str, about: fields.About, values: Any, on: Any, problems: Any, toggle: Any, touch: Any) -> rx.Component:
    """Returns one limit: its title, what it promises, its number, and the switch of "no limit"."""
    is_on, said = on.contains(key), f"said-{key.replace('.', '-')}"
    name = key.rpartition(".")[2]
    field = rx.el.label(
        rx.el.span(about.title, class_name="unseen"),
        rx.el.input(name=key, default_value=rx.cond(values.contains(key), values[key], fields.DEFAULTS[name]),
                    on_change=lambda _value: touch, input_mode="decimal", auto_complete="off", max_length=24,
                    aria_describedby=said, aria_invalid=problems.contains(key)),
        rx.el.span(_state.page.unit if about.counts == "{unit}" else about.counts),
        class_name="unit-field s num",
    )  # fmt: skip
    switch = rx.el.label(
        rx.el.input(type="checkbox", role="switch", checked=~is_on, on_change=lambda _checked: toggle(key)),
        rx.el.span("No limit"), class_name="switch-line",
    )  # fmt: skip
    problem = rx.el.small(rx.cond(problems.contains(key), problems[key], ""), class_name="bad", id=said, role="alert")
    return rx.el.div(
        rx.el.div(rx.el.b(about.title), rx.el.small(about.promise, class_name="muted"), problem, class_name="grow"),
        rx.cond(is_on, field, rx.fragment()), switch,
        class_name="item set", role="group", aria_label=about.title,
    )  # fmt: skip


def overrides() -> rx.Component:
    """Returns who has limits of their own, and the form of one."""
    page = _state.page
    may = _state.paywall.may_set_up
    buttons = rx.el.div(
        rx.el.button("For a user", on_click=_state.open_own("user", ""), class_name="btn s", type="button"),
        rx.cond(page.own_keys, rx.el.button("For a key", on_click=_state.open_own("key", ""), class_name="btn s",
                                        type="button"), rx.fragment()),
        class_name="row",
    )  # fmt: skip
    head = rx.el.div(
        rx.el.div(rx.el.h2("Own limits"),
                  rx.el.small("Of one user or key, in the place of everybody's, all six at once. They need no version:"
                              " a change counts for the next request.", class_name="muted"), class_name="grow"),
        rx.cond(may, buttons, rx.fragment()),
        class_name="item-line inset sets-head",
    )  # fmt: skip
    search = rx.el.div(
        rx.el.input(type="search", default_value=_state.searched, placeholder="Search users and keys",
                    on_change=_state.search.debounce(_SEARCH_MILLISECONDS), class_name="field plain s",
                    auto_complete="off", aria_label="Search users and keys", max_length=128),
        class_name="item",
    )  # fmt: skip
    none = rx.el.div(
        empty("Nobody yet", "A user who may use more than the others, or a key for tests that may use less.")
    )
    foot = rx.el.div(
        rx.el.small(page.where, class_name="muted num"),
        rx.el.nav(
            rx.cond(page.previous != "", rx.el.a("Previous", href=page.previous, class_name="btn s"), rx.fragment()),
            rx.cond(page.next != "", rx.el.a("Next", href=page.next, class_name="btn s"), rx.fragment()),
            class_name="row", aria_label="Pages",
        ),
        class_name="panel-foot",
    )  # fmt: skip
    is_long = (page.count > 5) | (_state.searched != "")
    return rx.el.section(
        head,
        rx.cond(_state.own_scope != "", _own_form(), rx.fragment()),
        rx.cond(is_long, search, rx.fragment()),
        rx.cond(page.overrides, rx.el.div(rx.foreach(page.overrides, _override)), none),
        rx.cond((page.previous != "") | (page.next != ""), foot, rx.fragment()),
        class_name="panel", aria_label="Own limits",
    )  # fmt: skip


def _override(row: rx.Var[OverrideRow]) -> rx.Component:
    asked = confirm("Let everybody's limits count for " + row.name + " again?", "Go back", "Keep",
                    _state.give_back(row.scope, row.subject), _state.ask(""))  # fmt: skip
    buttons = rx.el.div(
        rx.el.button("Change", on_click=_state.open_own(row.scope, row.subject), class_name="btn s", type="button",
                     aria_label="Change the limits of " + row.name),
        rx.el.button("Remove", on_click=_state.ask(row.id), class_name="btn s bare", type="button",
                     aria_label="Remove the limits of " + row.name),
        class_name="row",
    )  # fmt: skip
    return rx.el.div(
        rx.el.div(rx.el.div(rx.el.b(row.name), rx.el.small(row.said, class_name="muted num"), class_name="grow"),
                  rx.cond(_state.paywall.may_set_up, buttons, rx.fragment()), class_name="item-line wrap"),
        rx.cond(_state.asking == row.id, asked, rx.fragment()),
        class_name="item", key=row.id,
    )  # fmt: skip


def _own_form() -> rx.Component:
    problems = _state.own_problems
    said = rx.el.small(rx.cond(problems.contains("subject"), problems["subject"], ""), class_name="bad",
                       id="said-subject", role="alert")  # fmt: skip
    user = rx.el.label(
        rx.el.span("User, by your app's id"),
        rx.el.input(name="subject", max_length=128, auto_complete="off", class_name="field plain s",
                    aria_describedby="said-subject", auto_focus=True), class_name="labelled",
    )  # fmt: skip
    key = rx.el.label(
        rx.el.span("Key"),
        rx.el.select(rx.foreach(_state.page.own_keys, _key), name="subject", class_name="field plain s"),
        class_name="labelled",
    )  # fmt: skip
    who = rx.cond(_state.own_is_new, rx.el.div(rx.cond(_state.own_scope == "user", user, key), said),
                  rx.el.b(_state.own_subject))  # fmt: skip
    return rx.el.form(
        rx.el.div(who, class_name="item"),
        *(limit(PREFIX + name, about, _state.own_typed, _state.own_on, problems, _state.toggle_own, rx.noop())
          for name, about in fields.LIMITS.items()),
        rx.el.div(
            rx.el.p(rx.cond(problems.contains(""), problems[""], ""), class_name="bad problem", role="alert"),
            rx.el.div(
                rx.el.button("Save", type="submit", class_name="btn s primary"),
                rx.el.button("Cancel", on_click=_state.close_own, class_name="btn s bare", type="button"),
                class_name="row",
            ),
            class_name="item",
        ),
        on_submit=_state.save_own, key=_state.own_scope + _state.own_subject, class_name="own-form",
        aria_label="Limits of their own",
    )  # fmt: skip


def _key(choice: rx.Var[KeyChoice]) -> rx.Component:
    return rx.el.option(choice.name, value=choice.id, key=choice.id)
