"""How the danger zone looks: archive and undo, duplicate into the other environment. Nothing here deletes anything."""

import reflex as rx

from app.web.components.parts import confirm, note
from app.web.developer.danger.state import ADDRESS_CHARACTERS_MAX, ARCHIVE, DUPLICATE, DangerState
from app.web.developer.frame import sections
from app.web.developer.frame.layout import paywall_page

_state = DangerState


@paywall_page(sections.DANGER, DangerState)
def danger() -> rx.Component:
    """Returns the danger zone of a paywall."""
    paywall = _state.paywall
    problem = rx.cond(_state.error != "", note("Nothing was changed", _state.error, "bad"), rx.fragment())
    other = rx.cond(paywall.is_sandbox, "live", "sandbox")
    made = note("The " + other + " paywall is made", "It has no key yet, and its providers have none either.", "ok",
                rx.el.a("Open it", href=_state.duplicate_url, class_name="btn s"))  # fmt: skip
    return rx.fragment(
        problem, rx.cond(_state.duplicate_url != "", rx.fragment(made, _left_off()), rx.fragment()),
        rx.cond(paywall.may_set_up, _duplicate(), rx.fragment()), _archive(), _team(),
    )  # fmt: skip


def _left_off() -> rx.Component:
    lines = rx.el.ul(rx.foreach(_state.left_off, lambda line: rx.el.li(line, key=line)))
    return rx.cond(
        _state.left_off,
        rx.el.section(rx.el.h2("Models that it does not offer"), lines, class_name="panel pad muted"), rx.fragment(),
    )  # fmt: skip


def _step(title: str | rx.Var[str], text: str | rx.Var[str], *action: rx.Component) -> rx.Component:
    return rx.el.section(
        rx.el.div(rx.el.div(rx.el.h2(title), rx.el.p(text, class_name="muted"), class_name="grow"), action[0],
                  class_name="item-line danger-line"),
        *action[1:], class_name="panel pad", aria_label=title,
    )  # fmt: skip


def _duplicate() -> rx.Component:
    other = rx.cond(_state.paywall.is_sandbox, "live", "sandbox")
    text = ("The copy has this configuration and these prices. It has no keys, secrets, users, webhooks or Stripe"
            " account, and goes its own way from then on.")  # fmt: skip
    ask = rx.el.button("Duplicate into ", other, on_click=_state.ask(DUPLICATE), class_name="btn s", type="button")
    field = rx.el.label(
        rx.el.span("Base URL of your provider there"),
        rx.el.input(name="base_url", type="text", input_mode="url", class_name="field plain s", auto_complete="off",
                    spell_check=False, placeholder="https://api.openai.com/v1", max_length=ADDRESS_CHARACTERS_MAX),
        rx.el.small("The demo provider stays in the sandbox with its models. Its key and prices come next.",
                    class_name="muted"),
        class_name="labelled",
    )  # fmt: skip
    asked = rx.el.form(
        rx.el.p("Make a paywall like this one in the ", other, " environment?"),
        rx.cond(_state.needs_provider, field, rx.fragment()),
        rx.el.div(rx.el.button("Make it", type="submit", class_name="btn s primary"),
                  rx.el.button("Not now", on_click=_state.ask(""), class_name="btn s bare", type="button"),
                  class_name="row"),
        on_submit=_state.make_duplicate, class_name="stack form-stack", key="duplicate",
    )  # fmt: skip
    return _step("Duplicate into " + other, text, ask, rx.cond(_state.asking == DUPLICATE, asked, rx.fragment()))


def _archive() -> rx.Component:
    name = _state.paywall.name
    text = ("Its keys are answered with 403 and charge nobody. Links show balances and take no money. Balances,"
            " earnings, refunds and history stay, and it can be undone.")  # fmt: skip
    ask = rx.el.button("Archive", on_click=_state.ask(ARCHIVE), class_name="btn s danger", type="button")
    asked = confirm("Archive " + name + "? Its app stops answering with the next request.", "Archive it", "Keep it",
                    _state.archive(True), _state.ask(""))  # fmt: skip
    back = rx.el.button("Take it out of the archive", on_click=_state.archive(False), class_name="btn s",
                        type="button")  # fmt: skip
    return rx.cond(
        _state.paywall.is_archived,
        _step("This paywall is archived", "Its app is answered with 403. Taken out again, all is as it was.", back),
        _step("Archive this paywall", text, ask, rx.cond(_state.asking == ARCHIVE, asked, rx.fragment())),
    )


def _team() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Owner"),
        rx.el.p("A paywall has one owner for now. The operator of this instance can hand it over to somebody else.",
                class_name="muted"),
        class_name="panel pad",
    )  # fmt: skip
