"""How pages show where somebody is paid out, and how an address is named and confirmed."""

from collections.abc import Sequence
from dataclasses import dataclass

import reflex as rx
from reflex.event import EventSpec
from reflex_base.vars.function import FunctionVar

from app.web.components.parts import copy_text_button, problem_line, sandbox_tag
from app.web.components.payouts.address_state import AddressPart
from app.web.components.payouts.ways import Way

APART = {"display": "grid", "gap": "10px"}
AT_START = {"justifySelf": "start"}


@dataclass(frozen=True)
class Around:
    """What a page has of its own around an address: in the words of its test payout, below the forms, in the foot."""

    of_test: Sequence[rx.Component] = ()
    forms: Sequence[rx.Component] = ()
    foot: rx.Component | None = None
    acts: Sequence[rx.Component] = ()


def way(row: rx.Var[Way], state: type[AddressPart], around: Around) -> rx.Component:
    """Returns where a person is paid out in one environment, and what can be changed of that."""
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
        rx.el.button(change, on_click=state.ask(opens), class_name="btn s", type="button"),
        *around.acts, class_name="row",
    )  # fmt: skip
    return rx.el.section(
        rx.el.div(rx.el.h2(row.title), sandbox_tag(row.is_sandbox), class_name="panel-head"),
        rx.cond(row.address != "", counting, none), coming,
        rx.cond(row.pending_id != "", _pending(row, state, around.of_test), rx.fragment()),
        rx.cond(state.asking == opens, _address_form(row, state), rx.fragment()), *around.forms,
        rx.el.div(around.foot or rx.fragment(), acts, class_name="panel-foot"),
        class_name="panel", aria_label=row.title, key=row.environment,
    )  # fmt: skip


def _address_form(row: rx.Var[Way], state: type[AddressPart]) -> rx.Component:
    return rx.el.form(
        *hidden(environment=row.environment),
        rx.el.label(rx.el.span("Address on ", row.chain),
                    rx.el.input(name="address", class_name="field plain s mono", max_length=60, auto_complete="off",
                                auto_focus=True, spell_check=False, placeholder="0x…"), class_name="labelled"),
        rx.el.p("USDC on ", row.chain, " and nothing else is sent there. What goes to a wrong address is lost.",
                class_name="muted"),
        problem_line(state.error), buttons("Go on", state),
        on_submit=state.begin_address, class_name="item", style=APART, aria_label="Address",
    )  # fmt: skip


def _pending(row: rx.Var[Way], state: type[AddressPart], of_test: Sequence[rx.Component]) -> rx.Component:
    """Returns the two ways to show that an address is one's own."""
    signing = rx.el.form(
        *hidden(id=row.pending_id),
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
        on_submit=state.sign_address, style=APART, id="sign-" + row.environment, aria_label="Confirm by a signature",
    )  # fmt: skip
    testing = rx.el.form(
        *hidden(id=row.pending_id, click=row.pending_id),
        rx.el.p("An exchange's address cannot sign: send it a test payout and say how much arrived.",
                class_name="muted"),
        *of_test,
        rx.el.button("Send about 1 USDC", type="submit", class_name="btn s", style=AT_START),
        on_submit=state.send_test, style=APART, aria_label="Confirm by a test payout",
    )  # fmt: skip
    telling = rx.el.form(
        *hidden(id=row.pending_id),
        rx.el.p(rx.cond(row.test == "arrived", "The test payout has arrived.", "The test payout is under way."),
                class_name="muted"),
        rx.el.label(rx.el.span("What arrived, to the last digit"),
                    rx.el.input(name="amount", class_name="field plain s num", max_length=20, auto_complete="off",
                                placeholder="1.004321"), class_name="labelled"),
        rx.el.button("Confirm by this amount", type="submit", class_name="btn s", style=AT_START),
        on_submit=state.confirm_test, style=APART, aria_label="Confirm by what arrived",
    )  # fmt: skip
    is_told = (row.test == "sent") | (row.test == "arrived")
    return rx.el.div(
        rx.el.b("Show that this address is yours"), rx.el.p(row.pending, class_name="mono"),
        signing, rx.cond(is_told, telling, testing),
        rx.cond(state.asking == "", problem_line(state.error), rx.fragment()),
        class_name="item stack",
    )  # fmt: skip


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


def hidden(**fields: rx.Var[str]) -> list[rx.Component]:
    """Returns what a form says beside what is typed."""
    return [rx.el.input(type="hidden", name=name, value=value, read_only=True) for name, value in fields.items()]


def buttons(label: str, state: type[AddressPart]) -> rx.Component:
    """Returns the two ends of a form."""
    return rx.el.div(
        rx.el.button(label, type="submit", class_name="btn s primary"),
        rx.el.button("Cancel", on_click=state.ask(""), class_name="btn s bare", type="button"), class_name="row",
    )  # fmt: skip
