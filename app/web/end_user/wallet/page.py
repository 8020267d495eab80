"""How the shared wallet looks: what is in it, what was spent by app and day, who may charge it."""

import reflex as rx

from app.web.components.activity import activity
from app.web.components.amounts import amount_form
from app.web.components.caps import cap_chooser
from app.web.components.chart import spend_chart
from app.web.components.deposit_rows import USDC
from app.web.components.deposits import deposits
from app.web.components.parts import (
    confirm,
    empty,
    figure,
    instead,
    note,
    panel_skeletons,
    problem_line,
    sandbox_tag,
)
from app.web.components.payment_ways import ways_to_pay
from app.web.components.refunds.look import refund_note
from app.web.components.topup_notes import frozen_note, topup_notes, unless_waiting
from app.web.end_user.wallet.own_keys_page import own_keys_of
from app.web.end_user.wallet.rows import AppRow
from app.web.end_user.wallet.signing import signing
from app.web.end_user.wallet.state import WalletState
from app.web.frame import routes
from app.web.frame.layout import own_frame
from app.web.frame.plain_form import file_link

_state = WalletState
_HEIGHTS = ("134px", "208px", "140px", "280px")


def wallet() -> rx.Component:
    """Returns the page of a person's shared wallet."""
    page = rx.match(
        _state.phase,
        ("ready", _wallet()),
        ("invalid", instead("The wallet cannot be shown", _state.problem)),
        rx.el.div(rx.el.div(panel_skeletons(*_HEIGHTS), class_name="pair even"), class_name="narrow"),
    )
    return own_frame(page, current=routes.WALLET, visitor=_state)


def _wallet() -> rx.Component:
    paid = note("Top-up received", "It is in your wallet. Apps can use it from now on.", "ok")
    panels = rx.cond(_state.is_adding, "pair adding", "pair even")
    return rx.el.div(
        refund_note(_state, topup_notes(_state, paid)),
        frozen_note(_state.page.purse.frozen),
        _bank_asks(),
        rx.el.div(_purse(), _spent(), _apps(), _newest(), class_name=panels),
        class_name="narrow",
    )  # fmt: skip


def _bank_asks() -> rx.Component:
    """Returns that a bank wants to be asked before a saved card pays, and the way there."""
    purse = _state.page.purse
    confirm = rx.el.a("Confirm", href=purse.confirm_url, class_name="btn primary")
    said = purse.to_confirm + " waits for you. Nothing is charged before you confirm it."
    asks = note("Your bank wants to be asked", said, "wait", confirm)
    return rx.cond(purse.to_confirm != "", asks, rx.fragment())


def _purse() -> rx.Component:
    purse = _state.page.purse
    facts = rx.el.div(
        _fact(purse.owed, " owed: a payment that your bank took back was spent"),
        _fact(purse.held, " held for running answers"),
        _fact(purse.trial, " of it is trial money"),
        class_name="num",
    )
    add = rx.el.button(
        rx.cond(_state.is_adding, "Not now", "Add funds"), on_click=_state.add_funds, type="button",
        class_name=rx.cond(_state.is_adding, "btn", "btn primary"), aria_expanded=_state.is_adding,
    )  # fmt: skip
    withdraw = rx.el.a("Withdraw", href=f"{routes.WITHDRAW}/?in=" + purse.environment, class_name="btn")
    gets = rx.el.div(rx.el.small("You get", class_name="muted"), rx.el.b(_state.get_label), class_name="sunken num",
                     style={"marginTop": "10px"})  # fmt: skip
    ways = ways_to_pay(_state, purse.is_sandbox, takes_usdc=True, usdc_open=_state.usdc_open)
    closed = rx.el.p("Card payments are not open here yet.", class_name="muted", style={"marginTop": "18px"})
    by_card = rx.cond(_state.ways, amount_form(_state, gets), closed)
    pay = rx.fragment(ways, rx.cond(_state.way == USDC, deposits(_state, signing(_state)), by_card))
    form = unless_waiting(_state, rx.cond(_state.ways | _state.usdc_open, pay, closed))
    return rx.el.section(
        rx.el.div(rx.el.h1("Your wallet"), rx.cond(purse.has_both, _environments(), sandbox_tag(purse.is_sandbox)),
                  class_name="row between"),
        rx.el.div(
            rx.el.small("Available", class_name="muted"),
            figure(purse.available), facts, style={"marginTop": "18px"},
        ),
        rx.cond(purse.trial_note != "", rx.el.p(purse.trial_note, class_name="muted", style={"marginTop": "12px"}),
                rx.fragment()),
        rx.el.div(add, rx.cond(_state.usdc_open, withdraw, rx.fragment()), class_name="row",
                  style={"marginTop": "18px"}),
        rx.cond(_state.usdc_open, _proof(), rx.fragment()),
        rx.cond(_state.is_adding, form, rx.fragment()),
        class_name="panel pad", aria_label="Balance",
    )  # fmt: skip


def _proof() -> rx.Component:
    """Returns where a person finds what they are owed in all that is owed."""
    mine = file_link("Your part", rx.Var.create("/manage/liabilities.json"))
    reserves = rx.el.a("reserves", href=f"{routes.RESERVES}/")
    return rx.el.p(mine, " of all that is owed here, to be checked against the ", reserves, ".", class_name="muted",
                   style={"marginTop": "12px"})  # fmt: skip


def _environments() -> rx.Component:
    buttons = (
        rx.el.button(name, type="button", class_name="btn", on_click=_state.show_environment(value),
                     aria_pressed=_state.page.purse.environment == value)
        for name, value in (("Live", "live"), ("Sandbox", "sandbox"))
    )  # fmt: skip
    return rx.el.div(*buttons, class_name="segments", role="group", aria_label="Which wallet")


def _fact(amount: rx.Var[str], words: str) -> rx.Component:
    return rx.cond(amount != "", rx.el.small(amount, words, class_name="muted fact"), rx.fragment())


def _spent() -> rx.Component:
    chart = _state.page.chart
    nothing = empty("Nothing spent yet", "What apps charge shows here, by day and app, as soon as it happens.")
    title = rx.el.h2("Spent in 30 days", class_name="inset", style={"paddingTop": "20px", "paddingBottom": "4px"})
    head = rx.el.div(rx.el.h2("Spent in 30 days"), rx.el.b(chart.total, class_name="num"), class_name="row between")
    return rx.el.section(
        rx.cond(
            chart.legend.length() > 0,
            rx.el.div(head, rx.el.div(spend_chart(chart), style={"marginTop": "18px"}), class_name="pad"),
            rx.el.div(title, nothing),
        ),
        class_name="panel",
    )  # fmt: skip


def _apps() -> rx.Component:
    nothing = empty(
        "No app may charge you",
        "Apps ask in their chat. Here you decide how much each may spend, or revoke it.",
    )
    return rx.el.section(
        rx.el.h2("Connected apps", class_name="inset", style={"paddingTop": "20px", "paddingBottom": "8px"}),
        rx.cond(_state.page.apps, rx.el.div(rx.foreach(_state.page.apps, _app)), nothing),
        class_name="panel",
    )


def _app(row: rx.Var[AppRow]) -> rx.Component:
    question = "Revoke " + row.name + "? It cannot charge you from its next answer on."
    asked = confirm(question, "Revoke", "Keep", _state.revoke, _state.ask_to_revoke(""))
    change = rx.el.div(
        rx.el.small("Never more than, in a month", class_name="muted"),
        cap_chooser(_state),
        problem_line(_state.cap_error),
        rx.el.div(
            rx.el.button("Save", on_click=_state.save_cap, class_name="btn s primary", type="button"),
            rx.el.button("Cancel", on_click=_state.change_cap("", ""), class_name="btn s", type="button"),
            class_name="row",
        ),
        style={"display": "grid", "gap": "8px", "marginTop": "14px"},
    )  # fmt: skip
    buttons = rx.el.div(
        rx.el.button("Change cap", on_click=_state.change_cap(row.id, row.cap_typed), class_name="btn s", type="button",
                     aria_label="Change the cap of " + row.name),
        rx.el.button("Revoke", on_click=_state.ask_to_revoke(row.id), class_name="btn s bare", type="button",
                     aria_label="Revoke " + row.name),
        class_name="row", style={"marginTop": "12px"},
    )  # fmt: skip
    return rx.el.article(
        rx.el.div(
            rx.el.span(row.initials, class_name="icon s", aria_hidden="true"),
            rx.el.div(rx.el.b(row.name), rx.el.small(row.detail, class_name="muted"), class_name="grow"),
            class_name="item-line",
        ),
        rx.el.div(
            rx.el.small(rx.el.b(row.spent, style={"display": "inline"}), " of ", row.cap, " this month",
                        class_name="num muted"),
            rx.el.div(rx.el.i(style={"width": row.share}), class_name="meter", aria_hidden="true"),
            style={"marginTop": "10px"},
        ),
        own_keys_of(row),
        rx.cond(_state.revoking == row.id, asked, rx.cond(_state.changing == row.id, change, buttons)),
        class_name="item", key=row.id,
    )  # fmt: skip


def _newest() -> rx.Component:
    nothing = empty("No movements yet", "Top-ups and charges appear here, each with its receipt.")
    return rx.el.section(
        rx.el.div(rx.el.h2("Newest"), rx.el.a("All activity", href=f"{routes.ACTIVITY}/"),
                  class_name="row between inset", style={"paddingTop": "20px", "paddingBottom": "12px"}),
        rx.cond(_state.page.movements, activity(_state.page.movements, _state), nothing),
        class_name="panel", style={"overflow": "hidden"},
    )  # fmt: skip
