"""The form by which an Ethereum account of the visitor's browser signs our text: it signs them in, or is added."""

import reflex as rx
from reflex.event import EventSpec
from reflex_base.vars import VarData
from reflex_base.vars.function import FunctionVar

from app.web.components.once import FAILED, kept_here
from app.web.components.parts import problem_line
from app.web.frame.plain_form import post_form

_NONE = "No Ethereum account answered in this browser."
_UNSIGNED = "It was not signed. Try again."
_FORM, _TEXT, _SIGNATURE = "ethereum-form", "ethereum-text", "ethereum-signature"
_problem = kept_here("ethereumproblem")


def ethereum_form(label: str, after: rx.Var[str] | str, looks: str, *, adding: bool = False) -> rx.Component:
    """Returns the button with its form, which leads to `after`; `adding` the account to who is signed in."""
    return post_form(
        "/auth/ethereum",
        rx.el.input(type="hidden", name="text", id=_TEXT),
        rx.el.input(type="hidden", name="signature", id=_SIGNATURE),
        rx.el.input(type="hidden", name="next", value=after, read_only=True),
        rx.el.button(label, type="button", class_name=looks, on_click=_signing("yes" if adding else "")),
        problem_line(_problem.value),
        id=_FORM,
    )


def _signing(adding: str) -> EventSpec:
    """Returns what fetches a text, has it signed as the bytes that are posted, and posts both; the key never leaves."""
    complain = _problem.set
    script = f"""async () => {{
      const say = {complain!s};
      say("");
      if (!window.ethereum) return say("{_NONE}");
      try {{
        const [address] = await window.ethereum.request({{method: "eth_requestAccounts"}});
        const answer = await fetch("/auth/ethereum/text", {{method: "POST", credentials: "same-origin",
          cache: "no-store", body: new URLSearchParams({{address, adding: "{adding}"}})}})
          .catch(() => null);
        if (answer === null) return say("{FAILED}");
        if (answer.status === 401) return location.reload();
        const said = await answer.json();
        if (!answer.ok) return say(said.error.message);
        const bytes = new TextEncoder().encode(said.text);
        const text = "0x" + Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
        document.getElementById("{_SIGNATURE}").value =
          await window.ethereum.request({{method: "personal_sign", params: [text, address]}});
        document.getElementById("{_TEXT}").value = text;
        document.getElementById("{_FORM}").submit();
      }} catch (error) {{ say("{_UNSIGNED}"); }}
    }}"""
    data = VarData.merge(complain._get_all_var_data())
    return rx.call_function(rx.Var(_js_expr=f"({script})", _var_data=data).to(FunctionVar))
