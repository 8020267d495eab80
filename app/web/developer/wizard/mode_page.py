"""The first step: name, environment and mode, with the guide to which mode it should be."""

import reflex as rx

from app.web.components.parts import problem_line
from app.web.developer.wizard.state import NAME_FIELD, WizardState
from app.web.developer.wizard.words import COMPARED, MODES, ModeWords
from app.web.frame import routes

_state = WizardState


def mode_step() -> rx.Component:
    """Returns the step in which a paywall is named, and what never changes is chosen."""
    warning = rx.el.div(
        rx.el.p(rx.el.b("Mode and environment cannot be changed later."),
                " Another mode needs another paywall; wallets do not move between them."), class_name="note wait",
    )  # fmt: skip
    title = rx.cond(_state.way == "shared", "Continue with Shared", "Continue with Default")
    return rx.el.form(
        _basics(),
        rx.el.div(*(_card(words) for words in MODES), class_name="modes", role="radiogroup", aria_label="Mode"),
        _compared(),
        warning,
        rx.el.div(
            rx.el.a("Save and close", href=f"{routes.DASHBOARD}/", class_name="btn"),
            rx.el.button(title, type="submit", class_name="btn primary"), class_name="row end",
        ),
        on_submit=_state.keep_mode, class_name="stack",
    )  # fmt: skip


def _basics() -> rx.Component:
    name = rx.el.label(
        rx.el.span("App name, as your users see it"),
        rx.el.input(id=NAME_FIELD, default_value=_state.app_name, on_change=_state.type_name,
                    class_name="field plain s", max_length=80, auto_complete="off", aria_describedby="name-said",
                    placeholder="Quill", aria_invalid=_state.field == "app_name"),
        rx.el.div(problem_line(rx.cond(_state.field == "app_name", _state.error, "")), id="name-said"),
        class_name="labelled",
    )  # fmt: skip
    sandbox = "Demo provider and checkout, no real money. Duplicate it into live later."
    live = "Real money, from the first request on. Try it in a sandbox first."
    environment = rx.el.div(
        rx.el.span("Environment", class_name="label", id="environment-label"),
        rx.el.div(
            *(rx.el.button(title, type="button", class_name="btn", on_click=_state.choose("environment", value),
                           aria_pressed=_state.environment == value)
              for title, value in (("Sandbox", "sandbox"), ("Live", "live"))),
            class_name="segments", role="group", aria_labelledby="environment-label",
        ),
        rx.el.small(rx.cond(_state.environment == "live", live, sandbox), class_name="muted"),
        class_name="labelled",
    )  # fmt: skip
    return rx.el.section(name, environment, class_name="panel pad halves", aria_label="Name and environment")


def _card(words: ModeWords) -> rx.Component:
    def line(text: str, mark: str, look: str) -> rx.Component:
        return rx.el.li(rx.el.span(mark, class_name=look, aria_hidden="true"), rx.el.span(text))

    is_chosen = _state.way == words.way
    return rx.el.div(
        rx.el.button(
            rx.el.i(class_name="radio", aria_hidden="true"),
            rx.el.span(rx.el.b(words.title), rx.el.small(words.beneath, class_name="muted")),
            on_click=_state.choose("way", words.way), type="button", role="radio",
            aria_checked=is_chosen, class_name="mode-head",
        ),
        rx.el.p(words.text, class_name="muted"),
        rx.el.b("Use this if", class_name="label"),
        rx.el.ul(*(line(text, "✓", "yes") for text in words.use_if), class_name="points"),
        rx.el.b("Avoid if", class_name="label"),
        rx.el.ul(line(words.avoid_if, "–", "no"), class_name="points"),
        class_name=rx.cond(is_chosen, "panel mode chosen", "panel mode"),
    )  # fmt: skip


def _compared() -> rx.Component:
    def chosen(way: str) -> rx.Var[str]:
        return rx.cond(_state.way == way, "chosen", "")

    rows = (
        rx.el.tr(
            rx.el.th(name, scope="row"),
            rx.el.td(default, class_name=chosen("default"), custom_attrs={"data-mode": "Default"}),
            rx.el.td(shared, class_name=chosen("shared"), custom_attrs={"data-mode": "Shared"}),
        )
        for name, default, shared in COMPARED
    )
    table = rx.el.table(
        rx.el.thead(rx.el.tr(rx.el.td(""), *(rx.el.th(name, scope="col", class_name=chosen(name.lower()))
                                             for name in ("Default", "Shared")))),
        rx.el.tbody(*rows), class_name="compared",
    )  # fmt: skip
    said = rx.cond(_state.way == "shared", "Shared is chosen", "Default is chosen")
    head = rx.el.div(
        rx.el.h2("Compared"), rx.el.small(said, class_name="muted"), class_name="row between inset panel-head"
    )
    return rx.el.section(head, table, class_name="panel", aria_label="The modes compared")
