"""How withdrawals look: what can go and why the rest stays, the form, the address, how each went."""

import reflex as rx

from app.web.components.parts import empty, figure, instead, note, panel_skeletons, problem_line, sandbox_tag
from app.web.components.payouts.line import payout_line
from app.web.components.payouts.look import APART, Around, buttons, hidden, way
from app.web.components.payouts.rows import PayoutRow
from app.web.end_user.withdraw.state import ALL, WithdrawState
from app.web.frame import routes
from app.web.frame.layout import own_frame

_state = WithdrawState
_OPENS = "withdraw"


def withdraw() -> rx.Component:
    """Returns the page on which a person has back what they paid in as USDC and did not spend."""
    page = rx.match(
        _state.phase,
        ("ready", _withdraw()),
        ("invalid", instead("Withdrawals cannot be shown", _state.problem)),
        rx.el.div(panel_skeletons("190px", "140px"), class_name="page"),
    )
    return own_frame(page, current=routes.WALLET, visitor=_state)


def _withdraw() -> rx.Component:
    page = _state.page
    lead = rx.el.small("What you paid in as USDC and did not spend goes back to an address of yours, free of charge.",
                       class_name="muted")  # fmt: skip
    head = rx.el.div(
        rx.el.div(rx.el.h1("Withdraw"), lead),
        rx.el.div(rx.cond(page.has_both, _environments(), sandbox_tag(page.is_sandbox)),
                  rx.el.a("Wallet", href=f"{routes.WALLET}/", class_name="btn s"), class_name="row"),
        class_name="page-head",
    )  # fmt: skip
    trouble = rx.cond(_state.problem != "", note("Not up to date", _state.problem, "wait"), rx.fragment())
    done = rx.cond(_state.said != "", note("Done", _state.said, "ok"), rx.fragment())
    closed = rx.el.section(
        empty("No chain is set up here", "USDC neither comes in nor goes out before the operator has set one up."),
        class_name="panel", style={"paddingTop": "20px"},
    )  # fmt: skip
    where = way(page.way, _state, Around())
    return rx.el.div(head, trouble, done,
                     rx.cond(page.way.chain != "", rx.fragment(_unspent(), where), closed),
                     rx.cond(page.rows, _listed(), rx.fragment()), class_name="page")  # fmt: skip


def _environments() -> rx.Component:
    buttons_ = (
        rx.el.button(name, type="button", class_name="btn", on_click=_state.show_environment(value),
                     aria_pressed=_state.page.environment == value)
        for name, value in (("Live", "live"), ("Sandbox", "sandbox"))
    )  # fmt: skip
    return rx.el.div(*buttons_, class_name="segments", role="group", aria_label="Which wallet")


def _unspent() -> rx.Component:
    page = _state.page
    ask = rx.el.button("Withdraw", on_click=_state.ask(_OPENS), class_name="btn primary", type="button",
                       style={"marginTop": "18px"})  # fmt: skip
    unproved = rx.el.p("First name an address below, and show that it is yours.", class_name="muted",
                       style={"marginTop": "12px"})  # fmt: skip
    offered = rx.cond(page.way.address != "", rx.cond(_state.asking == _OPENS, _form(), ask), unproved)
    refused = rx.el.p(page.refused, class_name="muted", style={"marginTop": "12px"})
    return rx.el.section(
        rx.el.small("Can be withdrawn", class_name="muted"),
        figure(page.can),
        rx.cond(page.stays, rx.el.ul(rx.foreach(page.stays, _reason), class_name="muted", style={"marginTop": "12px"}),
                rx.fragment()),
        rx.cond(page.refused != "", refused, offered),
        class_name="panel pad", aria_label="What can be withdrawn",
    )  # fmt: skip


def _reason(said: rx.Var[str]) -> rx.Component:
    return rx.el.li(rx.el.small(said), key=said)


def _form() -> rx.Component:
    row = _state.page.way
    return rx.el.form(
        *hidden(environment=row.environment, click=_state.click),
        rx.el.label(rx.el.span("Amount in USDC, or “", ALL, "”"),
                    rx.el.input(name="amount", default_value=ALL, class_name="field plain s num", max_length=20,
                                auto_complete="off", auto_focus=True, spell_check=False), class_name="labelled"),
        rx.el.p("To ", rx.el.span(row.address, class_name="mono"), ". ", row.limits,
                " Automatic top-up is switched off with it.", class_name="muted"),
        problem_line(_state.error),
        buttons("Withdraw", _state),
        on_submit=_state.withdraw, style={**APART, "marginTop": "18px"}, aria_label="Withdraw",
    )  # fmt: skip


def _listed() -> rx.Component:
    page = _state.page
    return rx.el.section(
        rx.el.div(rx.el.h2("Withdrawals"), class_name="panel-head"),
        rx.el.ul(rx.foreach(page.rows, _payout)),
        rx.cond(page.more != "", rx.el.div(rx.el.small(page.more, class_name="muted"), class_name="panel-foot"),
                rx.fragment()),
        class_name="panel", aria_label="Withdrawals",
    )  # fmt: skip


def _payout(row: rx.Var[PayoutRow]) -> rx.Component:
    return rx.el.li(payout_line(row), class_name="item", key=row.id)
