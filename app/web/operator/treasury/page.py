"""How the treasury looks: each chain's figures, what pauses it, its payouts, and what can be done, asked once."""

import reflex as rx

from app.web.components.parts import confirm, copy_text_button, empty, note, sandbox_tag
from app.web.components.payouts.line import payout_line
from app.web.components.payouts.rows import PayoutRow
from app.web.frame.plain_form import file_link
from app.web.operator.frame.layout import operator_page
from app.web.operator.treasury.rows import BatchRow, ChainRow, FigureRow, UnbookedRow, WrongTokenRow
from app.web.operator.treasury.state import TreasuryState

_state = TreasuryState


def treasury() -> rx.Component:
    """Returns the page on which operators look after chains and payouts."""
    problem = rx.cond(_state.error != "", note("Nothing was changed", _state.error, "bad"), rx.fragment())
    none = rx.el.section(
        empty("No chain is configured", "COINSLOT_CHAINS names them; the guide says how payouts go live."),
        class_name="panel", style={"paddingTop": "20px"},
    )  # fmt: skip
    chains = _state.page.chains
    return operator_page("Treasury", "What stands on chains, and what goes out. What you do here is logged.", _state,
                         problem, rx.cond(chains, rx.fragment(rx.foreach(chains, _chain)), none))  # fmt: skip


def _chain(row: rx.Var[ChainRow]) -> rx.Component:
    pause = rx.cond(
        row.paused != "", _ask("Resume payouts", "resume:" + row.id), _ask("Pause payouts", "pause:" + row.id)
    )
    head = rx.el.div(
        rx.el.div(rx.el.h2(row.name), sandbox_tag(row.is_sandbox), class_name="row"),
        rx.el.div(file_link("CSV to pay by hand", row.csv, class_name="btn s"),
                  rx.cond(row.is_read, pause, rx.fragment()), class_name="row"),
        class_name="panel-head wrap",
    )  # fmt: skip
    question = rx.match(
        _state.asking,
        ("pause:" + row.id, "Pause? Nothing is signed or sent on this chain until somebody resumes."),
        ("resume:" + row.id, "Resume? Every transfer out of the treasury must be booked by now."),
        "",
    )
    paused = rx.cond(row.paused != "", rx.el.div(note("Payouts are paused", row.paused, "bad"), class_name="inset"),
                     rx.fragment())  # fmt: skip
    accounts = rx.el.div(_account("Treasury", row.treasury), _account("Gas account", row.gas_account),
                         class_name="item")  # fmt: skip
    nothing = rx.el.p("No payout is under way.", class_name="muted item")
    return rx.el.section(
        head, _asked(question), paused,
        rx.foreach(row.wrong, lambda said: rx.el.div(note("Look after this", said, "wait"), class_name="inset")),
        rx.el.div(rx.foreach(row.figures, _figure), class_name="figures"),
        rx.el.div(rx.foreach(row.flows, _figure), class_name="figures"), accounts,
        rx.el.ul(rx.foreach(row.unbooked, _unbooked)), rx.el.ul(rx.foreach(row.batches, _batch)),
        rx.el.ul(rx.foreach(row.wrong_tokens, _wrong_token)),
        rx.cond(row.payouts, rx.el.ul(rx.foreach(row.payouts, _payout)), nothing),
        class_name="panel", aria_label=row.name, key=row.id,
    )  # fmt: skip


def _figure(one: rx.Var[FigureRow]) -> rx.Component:
    return rx.el.div(
        rx.el.small(one.name, class_name="muted"), rx.el.b(one.value, class_name="num"),
        rx.el.small(one.detail, class_name="muted"),
    )  # fmt: skip


def _account(name: str, address: rx.Var[str]) -> rx.Component:
    return rx.el.div(rx.el.small(name, class_name="muted"), rx.el.span(address, class_name="mono"),
                     copy_text_button(address), class_name="row wrap address-line")  # fmt: skip


def _payout(row: rx.Var[PayoutRow]) -> rx.Component:
    acts = rx.el.div(
        rx.cond(row.is_waiting, _ask("Approve", "approve:" + row.id), rx.fragment()),
        rx.cond(row.is_sent, _ask("Offer more", "hurry:" + row.id), rx.fragment()),
        rx.cond(row.is_withdrawable, _ask("Take back", "withdraw:" + row.id), rx.fragment()), class_name="row",
    )  # fmt: skip
    question = rx.match(
        _state.asking,
        ("approve:" + row.id, "Let it through? It goes out with the next batch."),
        ("withdraw:" + row.id, "Take it back? Where the chain has not paid it by then, its money is available again."),
        ("hurry:" + row.id, "Send its transaction again, and offer 15 % more for it?"),
        "",
    )
    return rx.el.li(payout_line(row, acts), _asked(question), class_name="item", key=row.id)


def _batch(row: rx.Var[BatchRow]) -> rx.Component:
    step = "approve-batch:" + row.id
    question = rx.cond(_state.asking == step, "Let all of its payouts below through? They are signed and sent.", "")
    return rx.el.li(
        rx.el.div(rx.el.div(rx.el.b("A batch waits for you: ", row.amount), rx.el.small(row.detail, class_name="muted"),
                            class_name="grow"),
                  _ask("Approve the batch", step), class_name="item-line wrap"),
        _asked(question), class_name="item", key=row.id,
    )  # fmt: skip


def _wrong_token(row: rx.Var[WrongTokenRow]) -> rx.Component:
    return rx.el.li(
        rx.el.div(rx.el.div(rx.el.b("Wrong token: ", row.amount),
                            rx.el.small(row.detail, class_name="muted breaks"),
                            rx.el.small("Bridged USDC, of which nothing was credited. Return it by hand, to an"
                                        " address that its owner proves."),
                            class_name="grow"),
                  _transaction(row.url), class_name="item-line wrap"),
        class_name="item", key=row.id,
    )  # fmt: skip


def _transaction(url: rx.Var[str]) -> rx.Component:
    return rx.cond(url != "", rx.el.a("Transaction", href=url, target="_blank", rel="noreferrer"), rx.fragment())


def _unbooked(row: rx.Var[UnbookedRow]) -> rx.Component:
    opens = "book:" + row.id
    form = rx.el.form(
        rx.el.input(type="hidden", name="id", value=row.id, read_only=True),
        rx.el.label(rx.el.span("Id of the paywall whose earnings it paid, or of the wallet that was withdrawn from;"
                               " empty for your own money"),
                    rx.el.input(name="paywall", class_name="field plain s", max_length=60, auto_complete="off",
                                auto_focus=True, spell_check=False), class_name="labelled"),
        rx.el.div(rx.el.button("Book it", type="submit", class_name="btn s primary"),
                  rx.el.button("Not now", on_click=_state.ask(""), class_name="btn s bare", type="button"),
                  class_name="row"),
        on_submit=_state.book, style={"display": "grid", "gap": "10px"}, aria_label="Book a transfer",
    )  # fmt: skip
    link = _transaction(row.url)
    return rx.el.li(
        rx.el.div(rx.el.div(rx.el.b("Not booked: ", row.amount), rx.el.small("To ", row.payee),
                            rx.el.small(row.detail, class_name="muted"), class_name="grow"),
                  link, _ask("Book", opens), class_name="item-line wrap"),
        rx.cond(_state.asking == opens, form, rx.fragment()), class_name="item", key=row.id,
    )  # fmt: skip


def _ask(label: str, step: rx.Var[str]) -> rx.Component:
    return rx.el.button(label, on_click=_state.ask(step), class_name="btn s", type="button")


def _asked(question: rx.Var[str]) -> rx.Component:
    return rx.cond(question != "", confirm(question, "Do it", "Not now", _state.do_asked, _state.ask("")),
                   rx.fragment())  # fmt: skip
