"""How the form of one model's price looks: own, list or off; who serves it; each kind of token; steps, fee, minimum."""

from typing import Any

import reflex as rx

from app.web.components.parts import copy_text_button
from app.web.developer.prices.state import PricesState
from app.web.developer.prices.words import KINDS

_state = PricesState
_FIRST = ("input", "output", "cached_input")


def editor() -> rx.Component:
    """Returns the form of the model that is open. Its fields keep what is typed, whatever is read meanwhile."""
    form = _state.editor
    choices = (
        ("own", "Own price", "What your users pay, kind by kind."),
        ("list", "List price", form.follows),
        ("off", "Off", "Requests for it are answered with 404."),
    )
    kinds = (
        rx.el.button(name, type="button", class_name="btn", aria_pressed=_state.editor_kind == kind,
                     on_click=_state.choose_kind(kind))
        for kind, name, _ in choices
    )  # fmt: skip
    hints = rx.match(_state.editor_kind, *((kind, hint) for kind, _, hint in choices), "")
    return rx.el.form(
        rx.el.div(
            rx.el.div(*kinds, class_name="segments", role="group", aria_label="Which price"),
            rx.el.small(hints, class_name="muted grow"), copy_text_button(form.model, "Copy the model's name"),
            class_name="row wrap",
        ),
        rx.cond(_state.editor_kind == "own", _own(), rx.fragment()),
        rx.cond(_state.editor_kind != "off", _served(), rx.fragment()),
        rx.el.p(_problem("model"), class_name="bad problem", role="alert"),
        rx.el.div(
            rx.el.button("Keep in draft", type="submit", class_name="btn s primary"),
            rx.el.button("Cancel", type="button", on_click=_state.edit(""), class_name="btn s bare"), class_name="row",
        ),
        on_submit=_state.keep, key=form.model, class_name="price-form", aria_label="Price of " + form.model,
    )  # fmt: skip


def _own() -> rx.Component:
    rest = [name for name in KINDS if name not in _FIRST]
    unit = _state.page.unit
    return rx.fragment(
        rx.el.div(
            *(_amount(name, KINDS[name], _state.editor.asked[name]) for name in _FIRST), class_name="price-fields"
        ),
        rx.el.details(
            rx.el.summary("Other kinds, fee and minimum"),
            rx.el.div(
                *(_amount(name, KINDS[name], _state.editor.asked[name]) for name in rest),
                _amount("request", "A request, beside its tokens"),
                _amount("minimum", "A request, at least"),
                class_name="price-fields",
            ),
            rx.el.small("An empty kind costs what input or output does.", class_name="muted"),
            class_name="ticked-in",
        ),
        rx.el.details(
            rx.el.summary("Steps for long prompts"),
            rx.foreach(rx.Var.range(_state.editor_steps), _step),
            rx.el.button("Add a step", type="button", on_click=_state.add_step, class_name="btn s"),
            rx.el.small("From so many tokens of the prompt on, the whole request costs this. A step without a start is"
                        " none.", class_name="muted"),
            class_name="ticked-in", open=_state.editor.steps > 0,
        ),
        rx.el.small("Per million tokens, ", unit, ", with up to 9 decimals. Empty is not sold, 0 is free.",
                    class_name="muted"),
    )  # fmt: skip


def _amount(name: str, label: str, asked: rx.Var[str] | None = None) -> rx.Component:
    hint = rx.fragment()
    if asked is not None:
        hint = rx.cond(asked, rx.el.small("list ", asked, class_name="faint num"), rx.fragment())
    return _field(f"price-{name}-said", name, label, _state.editor.typed[name], hint)


def _field(said_id: rx.Var[str] | str, name: Any, label: str, value: rx.Var[str], hint: rx.Component) -> rx.Component:
    """Returns a field with its label, a hint, and what is wrong with what was typed.

    A field has no id of its own: Reflex's client would send it twice.
    """
    has_problem = _state.problems.contains(name)
    field = rx.el.input(
        name=name, default_value=value, input_mode="decimal", auto_complete="off", max_length=20,
        class_name="field plain s num", aria_describedby=said_id, aria_invalid=has_problem,
    )  # fmt: skip
    said = rx.el.small(rx.cond(has_problem, _state.problems[name], ""), class_name="bad", id=said_id, role="alert")
    return rx.el.div(rx.el.label(rx.el.span(label), field), hint, said, class_name="labelled")


def _step(place: Any) -> rx.Component:
    def field(name: str, label: str) -> rx.Component:
        key, typed = "tier" + place.to_string() + "_" + name, _state.editor.typed
        return _field("price-" + key + "-said", key, label, rx.cond(typed.contains(key), typed[key], ""), rx.fragment())

    kinds = (field(name, KINDS[name]) for name in KINDS if name != "image")
    return rx.el.fieldset(
        rx.el.legend("Step ", (place + 1).to_string(), class_name="unseen"), field("from", "From tokens"), *kinds,
        class_name="price-fields", key=place.to_string(),
    )  # fmt: skip


def _served() -> rx.Component:
    form = _state.editor
    chosen = rx.el.label(
        rx.el.span("Served by"),
        rx.el.select(
            rx.foreach(form.providers, lambda name: rx.el.option(name, value=name, key=name)),
            name="provider", default_value=form.provider, class_name="field plain s",
        ),
        rx.el.small(_problem("provider"), class_name="bad", role="alert"),
        class_name="labelled",
    )  # fmt: skip
    upstream = rx.el.label(
        rx.el.span("Its name there"),
        rx.el.input(name="upstream", default_value=form.upstream, placeholder=form.model, auto_complete="off",
                    max_length=200, class_name="field plain s"),
        rx.el.small(_problem("upstream_model"), class_name="bad", role="alert"),
        class_name="labelled",
    )  # fmt: skip
    return rx.el.div(chosen, upstream, class_name="price-fields two")


def _problem(name: str) -> rx.Component:
    return rx.cond(_state.problems.contains(name), _state.problems[name], "")
