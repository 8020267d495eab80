"""How the page of limits looks: three scopes of six limits, where users are named, and who has limits of their own."""

import reflex as rx

from app.domain.paywalls.limits import Scope
from app.web.components.parts import saved_line
from app.web.developer.frame import sections
from app.web.developer.frame.layout import paywall_page
from app.web.developer.limits import fields
from app.web.developer.limits.parts import limit, overrides
from app.web.developer.limits.rows import DifferenceRow
from app.web.developer.limits.state import LimitsState
from app.web.developer.publishing.parts import form_bar, news

_state = LimitsState


@paywall_page(sections.LIMITS, LimitsState, lead="How much users and keys may use. What is over a limit gets 429 before"
              " a provider is called.")  # fmt: skip
def limits() -> rx.Component:
    """Returns the page of a paywall's limits."""
    everybody = rx.el.form(
        rx.el.fieldset(
            *(_scope(scope) for scope in Scope), _users(),
            disabled=~_state.paywall.may_set_up, class_name="stack bare-set",
        ),
        rx.cond(_state.is_touched, _bar(), rx.fragment()),
        on_submit=_state.see_changes, key=_state.form_key.to_string(), class_name="stack", aria_label="Limits",
    )  # fmt: skip
    return rx.fragment(news(_state), everybody, overrides(), saved_line(_state.own_saved))


def _scope(scope: Scope) -> rx.Component:
    title, text = fields.SCOPES[scope]
    return rx.el.section(
        rx.el.div(rx.el.h2(title), rx.el.small(text, class_name="muted"), class_name="inset sets-head"),
        *(limit(f"{scope.value}.{name}", about, _state.form.typed, _state.on, _state.problems, _state.toggle,
                _state.touch)
          for name, about in fields.LIMITS.items()),
        class_name="panel" if scope is next(iter(Scope)) else "panel briefly", aria_label=title,
    )  # fmt: skip


def _users() -> rx.Component:
    def place(name: str, title: str, text: str) -> rx.Component:
        return rx.el.label(
            rx.el.input(type="radio", name="user_from", checked=_state.user_from == name,
                        on_change=lambda _value: _state.name_users(name)),
            rx.el.span(rx.el.b(title), rx.el.small(text, class_name="muted")), class_name="item choice-line",
        )  # fmt: skip

    return rx.el.section(
        rx.el.div(
            rx.el.h2("Where a request names its user"),
            rx.el.small("Limits, wallets and blocks go by that name: an app that passes on what its users write lets"
                        " them name each other.", class_name="muted"),
            class_name="inset sets-head",
        ),
        *(place(name.value, *words) for name, words in fields.PLACES.items()),
        class_name="panel", aria_label="Where a request names its user",
    )  # fmt: skip


def _bar() -> rx.Component:
    rows = _state.page.differences
    changes = rx.el.ul(rx.foreach(rows, _difference), class_name="review-list num")
    return form_bar(_state, changes, rows.length())


def _difference(row: rx.Var[DifferenceRow]) -> rx.Component:
    return rx.el.li(rx.el.b(row.title), rx.el.span(row.before, " → ", row.after, class_name="muted"), key=row.title)
