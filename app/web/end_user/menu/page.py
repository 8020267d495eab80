"""How the menu looks: what can be spent in this app, and the ways from here."""

import reflex as rx

from app.web.components.parts import app_icon, confirm, figure, instead, sandbox_tag, skeleton, tag
from app.web.end_user.menu.state import MenuState
from app.web.frame.layout import frame

_state = MenuState
_FIRST = "btn primary wide"


def menu() -> rx.Component:
    """Returns a user's menu behind a link."""
    page = rx.match(
        _state.phase,
        ("ready", _menu()),
        ("invalid", instead("This link cannot be used", _state.problem)),
        _loading(),
    )
    row = _state.menu
    back = rx.cond(row.back_url != "", rx.el.a("Back to ", row.app_name, href=row.back_url, class_name="btn s bare"),
                   rx.fragment())  # fmt: skip
    return frame(rx.el.div(page, class_name="small"), back=back)


def _menu() -> rx.Component:
    row = _state.menu
    connected = rx.fragment(
        rx.el.small("You can spend here", class_name="muted"),
        figure(row.spendable),
        rx.cond(row.cap != "", rx.el.small("at most ", row.cap, class_name="muted num"), rx.fragment()),
    )
    alone = tag("Not connected to your wallet", tone="wait")
    return rx.el.section(
        rx.el.div(
            rx.el.div(app_icon(row.initials, row.icon),
                      rx.el.div(rx.el.h1(row.app_name), rx.el.small(row.detail, class_name="muted")), class_name="row"),
            sandbox_tag(row.is_sandbox), class_name="row between",
        ),
        rx.el.div(rx.cond(row.is_connected, connected, alone), style={"marginTop": "22px"}),
        rx.el.div(
            rx.cond(row.is_connected, rx.fragment(), _way("Connect your wallet", row.authorize_url, _FIRST)),
            _way("Top up", row.topup_url, rx.cond(row.is_connected, _FIRST, "btn wide")),
            _way("Activity", row.activity_url, "btn wide"),
            _way("Your wallet", row.wallet_url, "btn wide"),
            rx.cond(row.is_connected, _way("Change the cap", row.authorize_url, "btn wide"), rx.fragment()),
            rx.cond(row.is_connected & row.is_shared, _revoke(), rx.fragment()),
            class_name="choices", style={"marginTop": "20px"},
        ),
        rx.el.p(_state.problem, class_name="bad", role="alert"),
        class_name="panel pad",
    )  # fmt: skip


def _way(name: str, url: rx.Var[str], look: rx.Var[str] | str) -> rx.Component:
    return rx.cond(url != "", rx.el.a(name, href=url, class_name=look), rx.fragment())


def _revoke() -> rx.Component:
    question = "Revoke " + _state.menu.app_name + "? It cannot charge you from its next answer on."
    asked = confirm(question, "Revoke", "Keep", _state.revoke, _state.ask_to_revoke(False))
    ask = rx.el.button("Revoke", on_click=_state.ask_to_revoke(True), class_name="btn wide bare", type="button")
    return rx.cond(_state.is_revoking, asked, ask)


def _loading() -> rx.Component:
    return rx.el.section(
        rx.el.p("Reading", class_name="unseen", role="status"),
        rx.el.div(skeleton("40px", "40px"), skeleton("160px", "24px"), class_name="row"),
        *(rx.el.div(skeleton("100%", height), style={"marginTop": "22px"}) for height in ("64px", "46px", "46px")),
        class_name="panel pad",
    )
