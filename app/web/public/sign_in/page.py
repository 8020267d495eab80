"""How signing in looks: an address, then the code that was sent to it; or a provider."""

import reflex as rx

from app.web.components.ethereum.sign_in_form import ethereum_form
from app.web.components.parts import skeleton
from app.web.frame import routes
from app.web.frame.layout import frame
from app.web.frame.plain_form import post_form
from app.web.public.sign_in.state import ProviderRow, SignInState

_SAID = '(typeof window === "undefined" ? "" : new URLSearchParams(window.location.search).get("next") ?? "")'
_NEXT = rx.Var(_js_expr=_SAID).to(str)
"""Where signing in leads, as the address says it in the browser: until an address is read here, a tab shows the form
that it had at the one before, and whoever is quick sends that."""
_NEXT_IN_LINKS = rx.Var(_js_expr=f"encodeURIComponent({_SAID})").to(str)


def sign_in() -> rx.Component:
    """Returns the sign-in page."""
    step = rx.match(SignInState.step, ("email", _email()), ("code", _code()), _loading())
    return frame(rx.el.div(step, class_name="small"))


def _email() -> rx.Component:
    state = SignInState
    title = rx.cond(
        state.is_adding, "Add an e-mail address",
        rx.cond(state.app_name != "", "Sign in to go on to " + state.app_name, "Sign in"),
    )  # fmt: skip
    form = post_form(
        "/auth/email",
        rx.el.label(
            rx.el.span("E-mail address"),
            rx.el.input(
                name="email",
                type="email",
                required=True,
                auto_complete="email",
                auto_focus=True,
                class_name="field plain",
                max_length=254,
                placeholder="ada@example.org",
            ),
            class_name="labelled",
        ),
        rx.el.input(type="hidden", name="next", value=_NEXT, read_only=True),
        _adding(),
        rx.el.p(state.problem, class_name="bad problem", role="alert"),
        rx.el.button("Send me a code", type="submit", class_name="btn primary wide"),
        style={"marginTop": "20px"},
    )
    return rx.el.section(
        rx.cond(state.said != "", rx.el.p(state.said, class_name="muted", role="status"), rx.fragment()),
        rx.el.h1(title),
        rx.el.p("No password. Your account is made with the first code.", class_name="muted",
                style={"marginTop": "6px"}),
        form,
        _providers(),
        class_name="panel pad",
    )  # fmt: skip


def _adding() -> rx.Component:
    """Returns the field that says that this address is added to the account that is signed in."""
    field = rx.el.input(type="hidden", name="adding", value="yes", read_only=True)
    return rx.cond(SignInState.is_adding, field, rx.fragment())


def _providers() -> rx.Component:
    ethereum = ethereum_form("Continue with an Ethereum account", _NEXT, "btn wide")
    shown = SignInState.has_ethereum & ~SignInState.is_adding
    return rx.cond(
        (SignInState.providers.length() > 0) | shown,
        rx.fragment(
            rx.el.div("or", class_name="or"),
            rx.el.div(rx.foreach(SignInState.providers, _provider), rx.cond(shown, ethereum, rx.fragment()),
                      class_name="choices"),
        ),
        rx.fragment(),
    )  # fmt: skip


def _provider(row: rx.Var[ProviderRow]) -> rx.Component:
    return rx.el.a(
        "Continue with ", row.label, href=row.url + "?next=" + _NEXT_IN_LINKS, class_name="btn wide", rel="nofollow"
    )


def _code() -> rx.Component:
    state = SignInState
    mail = rx.el.p(
        "This is a demo, nothing is sent: ",
        rx.el.a("open its mailbox", href=f"{routes.MAIL}/", target="_blank"), ".",
        class_name="muted", style={"marginTop": "14px", "textAlign": "center"},
    )  # fmt: skip
    code = post_form(
        "/auth/code",
        rx.el.label(
            rx.el.span("Code", class_name="unseen"),
            rx.el.input(
                name="code",
                input_mode="numeric",
                auto_complete="one-time-code",
                auto_focus=True,
                required=True,
                max_length=12,
                class_name="field plain code-digits",
                pattern="[0-9 ]*",
            ),
        ),
        rx.el.input(type="hidden", name="next", value=_NEXT, read_only=True),
        rx.el.p(state.problem, class_name="bad problem", role="alert"),
        rx.el.button(rx.cond(state.is_adding, "Add it", "Sign in"), type="submit", class_name="btn primary wide"),
        style={"marginTop": "20px"},
    )
    again = post_form(
        "/auth/email",
        rx.el.input(type="hidden", name="email", value=state.email, read_only=True),
        _adding(),
        rx.el.input(type="hidden", name="next", value=_NEXT, read_only=True),
        rx.el.button("Send another code", type="submit", class_name="btn s bare"),
    )
    other = rx.el.a("Use another address", href=f"{routes.SIGN_IN}/?next=" + _NEXT_IN_LINKS, class_name="btn s bare")
    return rx.el.section(
        rx.el.h1(rx.cond(state.is_adding, "Enter the code to add this address", "Enter the code")),
        rx.el.p("Six digits, sent to ", rx.el.b(state.email), ". Good for 10 minutes.", class_name="muted",
                style={"marginTop": "6px"}),
        code,
        rx.cond(state.is_demo, mail, rx.fragment()),
        rx.el.div(again, other, class_name="row between", style={"marginTop": "14px"}),
        class_name="panel pad",
    )  # fmt: skip


def _loading() -> rx.Component:
    return rx.el.section(
        skeleton("50%", "26px"),
        *(rx.el.div(skeleton("100%", "46px"), style={"marginTop": "24px"}) for _ in range(2)),
        rx.el.p("Reading", class_name="unseen", role="status"),
        class_name="panel pad",
    )
