"""What a page shows once and no server remembers: a text that the browser fetches and keeps in its memory."""

import reflex as rx
from reflex.experimental.client_state import ClientStateVar
from reflex_base.event import EventSpec
from reflex_base.vars import VarData
from reflex_base.vars.function import FunctionVar

FAILED = "That did not work. Try again."


def kept_here(name: str) -> ClientStateVar:
    """Returns a text that lives in one open page of a browser alone; `name`, in small letters, is its own."""
    return ClientStateVar.create(name, default="")


def fetch_once(url: str, field: str, found: ClientStateVar, problem: ClientStateVar) -> EventSpec:
    """Returns what posts to one of our routes and puts a field of its answer into `found`, or why not into `problem`.

    A visitor who is no longer signed in loads the page again, which leads to the sign-in page.
    """
    put, complain = found.set, problem.set
    script = f"""async () => {{
      try {{
        const answer = await fetch("{url}", {{method: "POST", credentials: "same-origin", cache: "no-store"}});
        if (answer.status === 401) return location.reload();
        const said = await answer.json();
        ({put!s})(answer.ok ? said["{field}"] : "");
        ({complain!s})(answer.ok ? "" : said.error.message);
      }} catch (error) {{ ({complain!s})("{FAILED}"); }}
    }}"""
    data = VarData.merge(put._get_all_var_data(), complain._get_all_var_data())
    return rx.call_function(rx.Var(_js_expr=f"({script})", _var_data=data).to(FunctionVar))


def post_typed(url: rx.Var[str], field_id: str, busy: ClientStateVar, problem: ClientStateVar) -> EventSpec:
    """Returns what posts what was typed into a field to one of our routes as its `key`, and says in `problem` why not.

    What was typed passes no state of a page. Where all went well the page is loaded anew, with what the route `said`;
    `busy` is `yes` meanwhile. A visitor who is no longer signed in loads the page again, which leads to the sign-in
    page.
    """
    wait, complain = busy.set, problem.set
    script = f"""async () => {{
      const typed = document.getElementById("{field_id}");
      ({wait!s})("yes"); ({complain!s})("");
      try {{
        const answer = await fetch({url!s}, {{method: "POST", credentials: "same-origin", cache: "no-store",
          body: new URLSearchParams({{key: typed.value}})}});
        if (answer.status === 401) return location.reload();
        const said = await answer.json();
        if (answer.ok) {{ typed.value = ""; return location.assign("?said=" + said.said); }}
        ({complain!s})(said.error.message);
      }} catch (error) {{ ({complain!s})("{FAILED}"); }}
      ({wait!s})("");
    }}"""
    data = VarData.merge(wait._get_all_var_data(), complain._get_all_var_data(), url._get_all_var_data())
    return rx.call_function(rx.Var(_js_expr=f"({script})", _var_data=data).to(FunctionVar))
