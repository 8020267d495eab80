"""How the keys of an app look: make one, which is shown once, and revoke those that nothing uses any more."""

import reflex as rx

from app.web.components.once import fetch_once, kept_here
from app.web.components.parts import confirm, copy_text_button, empty
from app.web.developer.frame import sections
from app.web.developer.frame.layout import paywall_page
from app.web.developer.keys.rows import KeyRow
from app.web.developer.keys.state import KeysState

_state = KeysState
_new_key = kept_here("paywallkey")
_problem = kept_here("paywallkeyproblem")
FORM = "new-key"
LEAD = "Your server calls with one of these. Whoever has a key can spend your users' money at your prices."


@paywall_page(sections.KEYS, KeysState, lead=LEAD)
def keys() -> rx.Component:
    """Returns the page of a paywall's keys."""
    page = _state.page
    problem = rx.cond(_state.error != "", rx.el.p(_state.error, class_name="bad", role="alert"), rx.fragment())
    return rx.fragment(
        rx.cond(_state.paywall.may_set_up, rx.cond(_new_key.value != "", _shown_once(), _make()), rx.fragment()),
        problem, _working(), rx.cond(page.revoked, _revoked(), rx.fragment()),
    )  # fmt: skip


def _make() -> rx.Component:
    page = _state.page
    make = fetch_once(page.make_url, "key", _new_key, _problem, FORM)
    form = rx.el.form(
        rx.el.label(
            rx.el.span("What it is for"),
            rx.el.input(name="name", class_name="field plain s", max_length=40, auto_complete="off",
                        placeholder="Production server", disabled=page.is_full, aria_describedby="key-problem"),
            class_name="labelled grow",
        ),
        rx.el.button("Make a key", type="submit", class_name="btn s primary", disabled=page.is_full),
        on_submit=make, id=FORM, class_name="row form-line",
    )  # fmt: skip
    full = rx.el.small("A paywall has at most five keys that work. Revoke one first.", class_name="muted")
    return rx.el.section(
        form, rx.el.p(_problem.value, id="key-problem", class_name="bad problem", role="alert"),
        rx.cond(page.is_full, full, rx.fragment()), class_name="panel pad", aria_label="Make a key",
    )  # fmt: skip


def _shown_once() -> rx.Component:
    return rx.el.section(
        rx.el.h2("This is the new key"),
        rx.el.p("It is shown once. Keep it where you keep passwords, and give it to your server as its OpenAI key.",
                class_name="muted", style={"margin": "4px 0 12px"}),
        rx.el.p(_new_key.value, class_name="secret"),
        rx.el.div(copy_text_button(_new_key.value),
                  rx.el.button("I have kept it", on_click=_new_key.set_value(""), class_name="btn s", type="button"),
                  class_name="row", style={"marginTop": "12px"}),
        class_name="panel pad", aria_label="The new key",
    )  # fmt: skip


def _working() -> rx.Component:
    page = _state.page
    head = rx.el.div(rx.el.h2("Keys that work"), rx.el.small(page.count, class_name="muted num"),
                     class_name="panel-head")  # fmt: skip
    none = empty("No key works", "Your app is answered with 401 until you make one.")
    return rx.el.section(head, rx.cond(page.working, rx.el.div(rx.foreach(page.working, _key)), none),
                         class_name="panel", aria_label="Keys that work")  # fmt: skip


def _key(row: rx.Var[KeyRow]) -> rx.Component:
    asked = confirm("Whatever calls with …" + row.last_four + " is answered with 401 from the next request on.",
                    "Revoke the key", "Keep", _state.revoke(row.id), _state.ask(""))  # fmt: skip
    revoke = rx.el.button("Revoke", on_click=_state.ask(row.id), class_name="btn s bare", type="button",
                          aria_label="Revoke " + row.name + ", …" + row.last_four)  # fmt: skip
    facts = rx.el.small(rx.el.span("…" + row.last_four, class_name="num"), " · ", row.made, " · ", row.used,
                        class_name="muted")  # fmt: skip
    return rx.el.div(
        rx.el.div(rx.el.div(rx.el.b(row.name), facts, class_name="grow"),
                  rx.cond(_state.paywall.may_set_up, revoke, rx.fragment()), class_name="item-line"),
        rx.cond(_state.asking == row.id, asked, rx.fragment()), class_name="item", key=row.id,
    )  # fmt: skip


def _revoked() -> rx.Component:
    def gone(row: rx.Var[KeyRow]) -> rx.Component:
        facts = rx.el.small(rx.el.span("…" + row.last_four, class_name="num"), " · ", row.ended, " · ", row.used,
                            class_name="muted")  # fmt: skip
        return rx.el.div(rx.el.div(rx.el.b(row.name, class_name="muted"), facts, class_name="grow"),
                         class_name="item item-line", key=row.id)  # fmt: skip

    head = rx.el.div(rx.el.h2("Revoked"), class_name="panel-head")
    return rx.el.section(head, rx.el.div(rx.foreach(_state.page.revoked, gone)), class_name="panel",
                         aria_label="Revoked keys")  # fmt: skip
