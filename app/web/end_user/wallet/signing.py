"""The part of the wallet page by which a top-up is signed in the browser's own wallet, or the demo's, free of gas."""

from typing import Any

import reflex as rx
from reflex.event import EventSpec
from reflex_base.vars import VarData
from reflex_base.vars.function import FunctionVar

_STACK = {"display": "grid", "gap": "8px", "justifyItems": "start"}


def signing(state: Any) -> rx.Component:
    """Returns the form over the variables of a `SigningPart`, or its second step where something waits for it."""
    test = rx.el.button("Sign 10 USDC with the test wallet", type="button", class_name="btn",
                        on_click=state.sign_with_test_wallet, style={"marginTop": "14px"})  # fmt: skip
    shown: rx.Component = rx.el.div(
        rx.cond(state.typed != "", _second(state), _first(state)),
        rx.cond(state.has_test_wallet, test, rx.fragment()),
        style={"marginTop": "22px"},
    )
    return shown


def _first(state: Any) -> rx.Component:
    form: rx.Component = rx.el.form(
        rx.el.p("Or sign in your wallet: we send it and pay the gas."),
        rx.el.input(type="hidden", name="payer", id="signing-payer"),
        rx.el.label(rx.el.span("Amount in USDC"),
                    rx.el.input(name="amount", default_value="10", class_name="field plain s num", max_length=20,
                                auto_complete="off", input_mode="decimal"), class_name="labelled"),
        rx.el.button("Choose your wallet", type="button", class_name="btn s", on_click=_connecting()),
        on_submit=state.begin_signing, id="signing-first", aria_label="Pay in by a signature", style=_STACK,
    )  # fmt: skip
    return form


def _second(state: Any) -> rx.Component:
    form: rx.Component = rx.el.form(
        rx.el.p("Sign ", rx.el.b(state.signing_amount, class_name="num"), " to your own address within 15 minutes, as"),
        rx.el.code(state.signing_payer, style={"overflowWrap": "anywhere"}),
        rx.el.input(type="hidden", name="signature", id="signing-signature"),
        rx.el.div(
            rx.el.button("Sign", type="button", class_name="btn s primary", on_click=_signing(state)),
            rx.el.button("Not now", type="button", class_name="btn s", on_click=state.stop_signing),
            class_name="row",
        ),
        on_submit=state.bring_signed, id="signing-second", aria_label="Sign the top-up", style=_STACK,
    )  # fmt: skip
    return form


def _connecting() -> EventSpec:
    """Returns what asks the browser's wallet for an address; the page says so where none answers."""
    return _asking("signing-first", "signing-payer", """
        const accounts = await window.ethereum.request({method: "eth_requestAccounts"});
        field.value = accounts[0];""")  # fmt: skip


def _signing(state: Any) -> EventSpec:
    """Returns what has the browser's wallet sign, on the chain that it is for; the key never leaves it."""
    ask = f"""
        await window.ethereum.request({{method: "wallet_switchEthereumChain",
                                        params: [{{chainId: {state.signing_chain!s}}}]}});
        field.value = await window.ethereum.request({{method: "eth_signTypedData_v4",
                                                      params: [{state.signing_payer!s}, {state.typed!s}]}});"""
    return _asking("signing-second", "signing-signature", ask, state.signing_chain, state.signing_payer, state.typed)


def _asking(form: str, field: str, ask: str, *used: rx.Var[str]) -> EventSpec:
    """Returns what asks the wallet and posts what it said into a field, which stays empty where it said nothing."""
    script = f"""async () => {{
      const field = document.getElementById("{field}");
      field.value = "";
      try {{ {ask}
      }} catch (error) {{ field.value = ""; }}
      document.getElementById("{form}").requestSubmit();
    }}"""
    data = VarData.merge(*(part._get_all_var_data() for part in used))
    return rx.call_function(rx.Var(_js_expr=f"({script})", _var_data=data).to(FunctionVar))
