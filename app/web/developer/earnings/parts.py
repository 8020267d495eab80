"""How payouts look on the page of earnings: where they go, the form that requests one, and how each went."""

import reflex as rx
from reflex.event import EventSpec
from reflex_base.vars.function import FunctionVar

from app.web.components.parts import copy_text_button, problem_line, sandbox_tag
from app.web.components.payouts.line import payout_line
from app.web.components.payouts.rows import PayoutRow
from app.web.developer.earnings.payout_rows import Way
from app.web.developer.earnings.rows import EarnedRow
from app.web.developer.earnings.state import ALL, EarningsState

_state = EarningsState
APART = {"display": "grid", "gap": "10px"}
AT_START = {"justifySelf": "start"}


def withdraw_form(row: rx.Var[EarnedRow]) -> rx.Component:
    """Returns the form that requests a payout of one paywall: how much, where to, and what happens when."""
    return rx.el.form(
        *_hidden(paywall=row.id, environment=row.environment, click=_state.click),
        rx.el.label(rx.el.span("Amount in USDC, or “", ALL, "”"),
                    rx.el.input(name="amount", default_value=ALL, class_name="field plain s num", max_length=20,
                                auto_complete="off", auto_focus=True, spell_check=False), class_name="labelled"),
        rx.el.p("To ", rx.el.span(row.address, class_name="mono"), ". ", row.limits, class_name="muted"),
        problem_line(_state.error),
        _buttons("Withdraw"),
        on_submit=_state.withdraw, class_name="item", style=APART, aria_label="Withdraw", key="withdraw" + row.id,
    )  # fmt: skip


def way(row: rx.Var[Way]) -> rx.Component:
    """Returns where payouts of one environment go, and what can be changed of that."""
    none = rx.el.p("No address is confirmed yet: payouts need one that is yours.", class_name="muted item")
    counting = rx.el.div(
        rx.el.small("Payouts go to", class_name="muted"),
        rx.el.div(rx.el.span(row.address, class_name="mono"), copy_text_button(row.address),
                  rx.cond(row.address_url != "", rx.el.a("Look at it", href=row.address_url, class_name="btn s bare",
                                                         target="_blank", rel="noreferrer"), rx.fragment()),
                  class_name="row wrap"),
        class_name="item",
    )  # fmt: skip
    coming = rx.cond(row.next_address != "", rx.el.p(row.next_address, class_name="item"), rx.fragment())
    opens = "address:" + row.environment
    change = rx.cond(row.address != "", "Change the address", "Name an address")
    acts = rx.el.div(
        rx.el.button(change, on_click=_state.ask(opens), class_name="btn s", type="button"),
        rx.el.button("Schedule", on_click=_state.ask("schedule:" + row.environment), class_name="btn s",
                     type="button"),
        class_name="row",
    )  # fmt: skip
    return rx.el.section(
        rx.el.div(rx.el.h2(row.title), sandbox_tag(row.is_sandbox), class_name="panel-head"),
        rx.cond(row.address != "", counting, none), coming,
        rx.cond(row.pending_id != "", _pending(row), rx.fragment()),
        rx.cond(_state.asking == opens, _address_form(row), rx.fragment()),
        rx.cond(_state.asking == "schedule:" + row.environment, _schedule_form(row), rx.fragment()),
        rx.el.div(rx.el.small(rx.cond(row.schedule != "", row.schedule, "Requested by you alone."), class_name="muted"),
                  acts, class_name="panel-foot"),
        class_name="panel", aria_label=row.title, key=row.environment,
    )  # fmt: skip


def _address_form(row: rx.Var[Way]) -> rx.Component:
    return rx.el.form(
        *_hidden(environment=row.environment),
        rx.el.label(rx.el.span("Address on ", row.chain),
                    rx.el.input(name="address", class_name="field plain s mono", max_length=60, auto_complete="off",
                                auto_focus=True, spell_check=False, placeholder="0x…"), class_name="labelled"),
        rx.el.p("USDC on ", row.chain, " and nothing else is sent there. What goes to a wrong address is lost.",
                class_name="muted"),
        problem_line(_state.error), _buttons("Go on"),
        on_submit=_state.begin_address, class_name="item", style=APART, aria_label="Address",
    )  # fmt: skip


def _pending(row: rx.Var[Way]) -> rx.Component:
    """Returns the two ways to show that an address is one's own."""
    signing = rx.el.form(
        *_hidden(id=row.pending_id),
        rx.el.textarea(default_value=row.text, read_only=True, rows="8", class_name="field plain s mono",
                       style={"height": "auto"}, aria_label="The text to sign", key=row.text),
        rx.el.div(
            rx.el.button("Sign in this browser", type="button", on_click=_sign(row), class_name="btn s primary"),
            copy_text_button(row.text, "Copy the text"), class_name="row wrap",
        ),
        rx.el.label(rx.el.span("Signature"),
                    rx.el.input(name="signature", id="signature-" + row.environment, class_name="field plain s mono",
                                max_length=200, auto_complete="off", spell_check=False, placeholder="0x…"),
                    class_name="labelled"),
        rx.el.button("Confirm by this signature", type="submit", class_name="btn s", style=AT_START),
        on_submit=_state.sign_address, style=APART, id="sign-" + row.environment, aria_label="Confirm by a signature",
    )  # fmt: skip
    testing = rx.el.form(
        *_hidden(id=row.pending_id, click=row.pending_id),
        rx.el.p("An exchange's address cannot sign: send it a test payout and say how much arrived.",
                class_name="muted"),
        rx.el.label(rx.el.span("Of the earnings of"),
                    rx.el.select(rx.foreach(_state.page.paywalls, _choice), name="paywall", class_name="field plain s"),
                    class_name="labelled"),
        rx.el.button("Send about 1 USDC", type="submit", class_name="btn s", style=AT_START),
        on_submit=_state.send_test, style=APART, aria_label="Confirm by a test payout",
    )  # fmt: skip
    telling = rx.el.form(
        *_hidden(id=row.pending_id),
        rx.el.p(rx.cond(row.test == "arrived", "The test payout has arrived.", "The test payout is under way."),
                class_name="muted"),
        rx.el.label(rx.el.span("What arrived, to the last digit"),
                    rx.el.input(name="amount", class_name="field plain s num", max_length=20, auto_complete="off",
                                placeholder="1.004321"), class_name="labelled"),
        rx.el.button("Confirm by this amount", type="submit", class_name="btn s", style=AT_START),
        on_submit=_state.confirm_test, style=APART, aria_label="Confirm by what arrived",
    )  # fmt: skip
    is_told = (row.test == "sent") | (row.test == "arrived")
    return rx.el.div(
        rx.el.b("Show that this address is yours"), rx.el.p(row.pending, class_name="mono"),
        signing, rx.cond(is_told, telling, testing),
        rx.cond(_state.asking == "", problem_line(_state.error), rx.fragment()),
        class_name="item stack",
    )  # fmt: skip


def _choice(row: rx.Var[EarnedRow]) -> rx.Component:
    return rx.el.option(row.name, ", ", row.available, value=row.id, key=row.id)


def _sign(row: rx.Var[Way]) -> EventSpec:
    """Returns what has the browser's own wallet sign the text; the key never leaves it."""
    text, field, form, address = (str(row.text), str("signature-" + row.environment), str("sign-" + row.environment),
                                  str(row.pending))  # fmt: skip
    script = f"""async () => {{
      const field = document.getElementById({field});
      if (!window.ethereum) {{ field.placeholder = "No wallet in this browser: sign the text elsewhere"; return; }}
      try {{
        await window.ethereum.request({{method: "eth_requestAccounts"}});
        const bytes = new TextEncoder().encode({text});
        const said = "0x" + Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
        field.value = await window.ethereum.request({{method: "personal_sign", params: [said, {address}]}});
        document.getElementById({form}).requestSubmit();
      }} catch (error) {{ field.placeholder = "The wallet did not sign"; }}
    }}"""
    return rx.call_function(rx.Var(_js_expr=f"({script})", _var_data=row._get_all_var_data()).to(FunctionVar))


def _schedule_form(row: rx.Var[Way]) -> rx.Component:
    words = (("", "By hand alone"), ("day", "Each day"), ("week", "Each Monday"), ("month", "On the first of a month"))
    return rx.el.form(
        *_hidden(environment=row.environment),
        rx.el.label(rx.el.span("Request payouts"),
                    rx.el.select(*(rx.el.option(name, value=value) for value, name in words), name="every",
                                 default_value=row.every, class_name="field plain s"), class_name="labelled"),
        rx.el.label(rx.el.span("Where a paywall has at least, in USDC"),
                    rx.el.input(name="least", default_value=row.schedule_least, class_name="field plain s num",
                                max_length=20, auto_complete="off"), class_name="labelled"),
        problem_line(_state.error), _buttons("Save"),
        on_submit=_state.schedule, class_name="item", style=APART, aria_label="Schedule",
    )  # fmt: skip


def payouts() -> rx.Component:
    """Returns the list of payouts, the newest first."""
    part = _state.page.payouts
    return rx.el.section(
        rx.el.div(rx.el.h2("Payouts"), class_name="panel-head"),
        rx.el.ul(rx.foreach(part.rows, _payout)),
        rx.cond(part.more != "", rx.el.div(rx.el.small(part.more, class_name="muted"), class_name="panel-foot"),
                rx.fragment()),
        class_name="panel", aria_label="Payouts",
    )  # fmt: skip


def _payout(row: rx.Var[PayoutRow]) -> rx.Component:
    return rx.el.li(payout_line(row), class_name="item", key=row.id)


def _hidden(**fields: rx.Var[str]) -> list[rx.Component]:
    return [rx.el.input(type="hidden", name=name, value=value, read_only=True) for name, value in fields.items()]


def _buttons(label: str) -> rx.Component:
    return rx.el.div(
        rx.el.button(label, type="submit", class_name="btn s primary"),
        rx.el.button("Cancel", on_click=_state.ask(""), class_name="btn s bare", type="button"), class_name="row",
    )  # fmt: skip
