"""The last step: the key, once; where the app calls, with which snippet; and what comes, as it comes."""

import reflex as rx

from app.web.components.activity import receipt
from app.web.components.parts import copy_button, copy_text_button, note, tag
from app.web.developer.wizard.finish_rows import ArrivalRow
from app.web.developer.wizard.prices_page import MADE_KEY
from app.web.developer.wizard.state import WizardState

_state = WizardState
_EXPORT = "export COINSLOT_KEY="
"""What a shell is told before it runs the snippet; the key stands behind it in the browser alone."""
_NEEDED = (("python", "pip install openai"), ("javascript", "npm install openai, in a file that ends with .mjs"))
_LANGUAGES = (("python", "Python"), ("javascript", "JavaScript"), ("curl", "curl"))


def finish_step() -> rx.Component:
    """Returns the step that waits for the app's first request."""
    return rx.el.div(
        rx.el.div(_key(), _base_url(), _snippet(), class_name="stack"),
        rx.el.div(_waiting(), _open(), class_name="stack"),
        class_name="halves apart",
    )


def _key() -> rx.Component:
    shown = rx.fragment(
        rx.el.div(rx.el.code(MADE_KEY.value, class_name="secret grow", custom_attrs={"data-key": "made"}),
                  copy_text_button(MADE_KEY.value), class_name="row"),
        rx.el.p("Keep it on your server. Coinslot stores a hash and the last four characters; if it is lost, make"
                " another.", class_name="muted"),
    )  # fmt: skip
    gone = rx.el.p("The key was shown when the paywall was made, and nowhere since. If it is lost, ",
                   rx.el.a("make another", href="/paywalls/" + _state.finish.id + "/keys/"), ".",
                   class_name="muted")  # fmt: skip
    return rx.el.section(
        rx.el.div(rx.el.h2("Key"), tag("Shown once", tone="wait"), class_name="row between"),
        rx.cond(MADE_KEY.value != "", shown, gone), class_name="panel pad stack tight", aria_label="Key",
    )  # fmt: skip


def _base_url() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Base URL"),
        rx.el.div(rx.el.code(_state.finish.base_url, class_name="secret grow"),
                  copy_text_button(_state.finish.base_url), class_name="row"),
        class_name="panel pad stack tight", aria_label="Base URL",
    )  # fmt: skip


def _snippet() -> rx.Component:
    snippets = _state.finish.snippets
    text = rx.match(_state.language, ("javascript", snippets.javascript), ("curl", snippets.curl), snippets.python)
    needs = rx.match(_state.language, *((name, f"It needs the SDK: {get}. ") for name, get in _NEEDED), "")
    chosen = rx.el.div(
        *(rx.el.button(title, type="button", class_name="btn", on_click=_state.speak(name),
                       aria_pressed=_state.language == name) for name, title in _LANGUAGES),
        class_name="segments", role="group", aria_label="Language",
    )  # fmt: skip
    code = rx.el.div(rx.el.pre(rx.el.code(text), tab_index=0), copy_button(text), class_name="code")
    no_models = note("No model has a price yet", "Set prices first; until then every request is refused.", "wait")
    return rx.el.section(
        rx.el.div(rx.el.h2("Snippet"), chosen, class_name="row between wrap"),
        rx.cond(_state.finish.has_models, code, no_models),
        rx.el.div(
            rx.el.p(needs, "In the same terminal, set the key first: ", rx.el.code(_EXPORT + "…"),
                    class_name="muted grow"),
            rx.cond(MADE_KEY.value != "", copy_text_button(_EXPORT + MADE_KEY.value, "Copy that line"), rx.fragment()),
            class_name="row",
        ),
        class_name="panel pad stack tight", aria_label="Snippet",
    )  # fmt: skip


def _waiting() -> rx.Component:
    finish = _state.finish
    waits = rx.el.div(
        rx.el.i(class_name="pulse", aria_hidden="true"),
        rx.el.div(rx.el.h2("Waiting for your first request…"),
                  rx.el.p("Run the snippet. What arrives shows here within 2 seconds.", class_name="muted")),
        class_name="row top-aligned pad",
    )  # fmt: skip
    came = rx.fragment(
        rx.el.div(rx.el.h2("Your app is connected"), tag("Live on this page", tone="ok"),
                  class_name="row between inset panel-head"),
        rx.el.ol(rx.foreach(finish.arrivals, _arrival), class_name="arrivals"),
        _next(),
        rx.foreach(finish.receipts, lambda row: rx.el.div(receipt(row), key=row.id)),
        rx.cond(finish.balance != "", rx.el.p(finish.balance, class_name="muted item"), rx.fragment()),
    )  # fmt: skip
    return rx.el.section(rx.cond(finish.arrivals, came, waits), rx.cond(finish.is_late, _help(), rx.fragment()),
                         class_name="panel", aria_label="First request", aria_live="polite")  # fmt: skip


def _arrival(row: rx.Var[ArrivalRow]) -> rx.Component:
    return rx.el.li(
        rx.el.time(row.at, class_name="faint num", title="UTC"),
        rx.el.i(class_name="dot " + row.tone, aria_hidden="true"),
        rx.el.div(rx.el.b(row.title), rx.el.p(row.text, class_name="muted")),
        rx.el.b(row.amount, class_name="num"), key=row.key,
    )  # fmt: skip


def _next() -> rx.Component:
    """What to do next, as long as nothing was charged."""
    finish = _state.finish
    has_paid = finish.arrivals.length() > 1
    text = rx.cond(has_paid, "Now send the same message again: it is answered, and charged.",
                   "Open the link in the answer as your user would, and go on from there.")  # fmt: skip
    return rx.cond(finish.receipts, rx.fragment(), rx.el.p(text, class_name="item muted"))


def _help() -> rx.Component:
    return rx.el.div(
        rx.el.b("Nothing yet?"),
        rx.el.ul(
            rx.el.li("The base URL ends with /v1, and the SDK is given it as base_url or baseURL."),
            rx.el.li("The key is the one above, and COINSLOT_KEY is set in the shell that runs the snippet."),
            rx.el.li("A 401 says that the key is another one; a 404 names the model that is not offered."),
            class_name="points plain",
        ),
        class_name="item stack tight", role="note",
    )  # fmt: skip


def _open() -> rx.Component:
    return rx.el.div(
        rx.el.a("Open a playground", href="/paywalls/" + _state.finish.id + "/profile/#playground", class_name="btn"),
        rx.el.a("Open ", _state.finish.app_name, href="/paywalls/" + _state.finish.id + "/overview/",
                class_name="btn primary"), class_name="row end",
    )  # fmt: skip
