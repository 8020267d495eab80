"""The third step: how users pay. The key of a Stripe account is posted by the browser and passes no state."""

import reflex as rx

from app.web.components.once import Posting, after_post, post_fields
from app.web.components.parts import tag
from app.web.developer.wizard.parts import buttons, other_problem, problem_of
from app.web.developer.wizard.state import WizardState
from app.web.developer.wizard.words import STEPS

_state = WizardState
_posting = Posting.of("draftaccount")
_ROUTE, _DONE = "/manage/draft/account", "account-kept"
KEY = "draft-stripe-key"


def payments_step() -> rx.Component:
    """Returns the step in which an account is connected, or left for later."""
    page, is_busy = _state.page, _posting.busy.value == "yes"
    later = post_fields(_ROUTE, {"key": rx.Var.create("")}, _posting, _DONE)
    connect = post_fields(_ROUTE, {"key": KEY}, _posting, _DONE)
    kept = rx.cond(page.account != "", _account(), rx.fragment())
    is_sandbox = _state.environment == "sandbox"
    leave = rx.el.button(
        rx.cond(is_sandbox, "Continue with the sandbox checkout", "Connect later"),
        on_click=later,
        type="button",
        disabled=is_busy,
        class_name=rx.cond(is_sandbox, "btn primary", "btn"),
    )
    send = rx.el.button(
        rx.cond(is_busy, "Trying the key…", "Connect and continue"),
        type="submit",
        disabled=is_busy,
        class_name=rx.cond(is_sandbox, "btn", "btn primary"),
    )
    own = rx.el.form(
        rx.cond(is_sandbox, _sandbox(), rx.fragment()), kept, _stripe(),
        other_problem(_posting, "key"),
        buttons(1, rx.cond(is_sandbox, rx.fragment(send, leave), rx.fragment(leave, send))),
        on_submit=connect, class_name="stack",
    )  # fmt: skip
    hosted = rx.el.div(
        _hosted(), other_problem(_posting),
        buttons(1, rx.el.button("Continue", on_click=later, type="button", class_name="btn primary",
                                disabled=is_busy)),
        class_name="stack",
    )  # fmt: skip
    done = after_post(_DONE, _state.kept(STEPS.index("Prices")))
    return rx.fragment(rx.cond(page.has_app_wallets, own, hosted), done)


def _hosted() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Nothing to set up"),
        rx.el.p("Users top up their own wallet on this instance’s pages, by card or with USDC; the operator takes the"
                " payments. What your app earns is pending for a while and then available.",
                class_name="muted", style={"marginTop": "6px"}),
        class_name="panel pad",
    )  # fmt: skip


def _sandbox() -> rx.Component:
    return rx.el.section(
        rx.el.h2("The sandbox needs nothing"),
        rx.el.p("Its checkout is there already and moves no real money. Connect a test account of Stripe if you want to"
                " see your own.", class_name="muted", style={"marginTop": "6px"}),
        class_name="panel pad",
    )  # fmt: skip


def _account() -> rx.Component:
    return rx.el.p(tag("Tried", tone="ok"), _state.page.account, " is connected as soon as the paywall is made.",
                   class_name="row muted")  # fmt: skip


def _stripe() -> rx.Component:
    page = _state.page
    link = rx.el.a("Open Stripe’s key page", href=page.key_page, target="_blank", rel="noopener noreferrer",
                   class_name="btn s")  # fmt: skip
    boxes = rx.el.details(rx.el.summary("What the key must be allowed to do"),
                          rx.el.ul(rx.foreach(page.permissions, rx.el.li)), class_name="ticked")  # fmt: skip
    field = rx.el.label(
        rx.el.span("Restricted key"),
        rx.el.input(id=KEY, type="password", class_name="field plain s", placeholder=page.key_start,
                    auto_complete="off", spell_check=False, max_length=300, aria_describedby="stripe-said"),
        rx.el.div(problem_of(_posting, "key"), id="stripe-said"), class_name="labelled",
    )  # fmt: skip
    text = ("Card payments go straight to your own Stripe account. Make a restricted key there with the boxes that we"
            " need, and paste it here; it is tried first, kept encrypted, and never shown again.")  # fmt: skip
    return rx.el.section(
        rx.el.h2("Connect Stripe"), rx.el.p(text, class_name="muted"), rx.el.div(link, boxes), field,
        class_name="panel pad stack", aria_label="Connect Stripe",
    )  # fmt: skip
