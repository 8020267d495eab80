"""What a page shows once and no server remembers: a text that the browser fetches and keeps in its memory."""

from collections.abc import Mapping
from dataclasses import dataclass

import reflex as rx
from reflex.experimental.client_state import ClientStateVar
from reflex_base.event import EventSpec
from reflex_base.vars import VarData
from reflex_base.vars.function import FunctionVar

FAILED = "That did not work. Try again."


def kept_here(name: str) -> ClientStateVar:
    """Returns a text that lives in one open page of a browser alone; `name`, in small letters, is its own."""
    return ClientStateVar.create(name, default="")


def fetch_once(
    url: rx.Var[str] | str, field: str, found: ClientStateVar, problem: ClientStateVar, form_id: str = ""
) -> EventSpec:
    """Returns what posts to one of our routes and puts a field of its answer into `found`, or why not into `problem`.

    With `form_id` what was typed into that form is posted, and passes no state of a page. A visitor who is no longer
    signed in loads the page again, which leads to the sign-in page.
    """
    put, complain, address = found.set, problem.set, rx.Var.create(url)
    body = f"""body: new URLSearchParams(new FormData(document.getElementById("{form_id}"))), """ if form_id else ""
    script = f"""async () => {{
      try {{
        const answer = await fetch({address!s}, {{
          {body}method: "POST", credentials: "same-origin", cache: "no-store"}});
        if (answer.status === 401) return location.reload();
        const said = await answer.json();
        ({put!s})(answer.ok ? said["{field}"] : "");
        const named = (_, name) => "The " + (name === "url" ? "URL" : name);
        ({complain!s})(answer.ok ? "" : said.error.message.replace(/^`(\\w+)`/, named));
      }} catch (error) {{ ({complain!s})("{FAILED}"); }}
    }}"""
    data = VarData.merge(put._get_all_var_data(), complain._get_all_var_data(), address._get_all_var_data())
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


@dataclass(frozen=True)
class Posting:
    """How a form's POST fares, in one open page: `busy` is `yes` meanwhile, else why not, in words, and of which field.

    `code` is the error's, for whoever offers another way.
    """

    busy: ClientStateVar
    problem: ClientStateVar
    field: ClientStateVar
    code: ClientStateVar

    @staticmethod
    def of(name: str) -> "Posting":
        """Returns that of one form; `name`, in small letters, is its own."""
        return Posting(*(kept_here(f"{name}{part}") for part in ("busy", "problem", "field", "code")))


def post_fields(
    url: rx.Var[str] | str, fields: Mapping[str, rx.Var[str] | str], posting: Posting, done: str, answer: str = "", *,
    shown: tuple[str, ClientStateVar] | None = None,
) -> EventSpec:  # fmt: skip
    """Returns what posts fields to one of our routes, and then does what is named `done` by `after_post`.

    That is told the answer's field `answer`, if any (`told_by`).
    A field is a variable, or the id of an element whose value is sent as it stands there and passes no state. With
    `shown` a field of the answer is kept in the browser, unless it is empty. Where it failed nothing follows, and what
    was typed stays. A visitor who is no longer signed in loads the page again.
    """
    kept = (posting.busy, posting.problem, posting.field, posting.code, *(shown[1:] if shown else ()))
    used = [*(part.set for part in kept), *(value for value in (url, *fields.values()) if isinstance(value, rx.Var))]
    address = str(url) if isinstance(url, rx.Var) else f'"{url}"'
    data = VarData.merge(*(part._get_all_var_data() for part in used))
    sent = ", ".join(
        f"{name}: {value!s}" if isinstance(value, rx.Var) else f'{name}: document.getElementById("{value}").value'
        for name, value in fields.items()
    )
    keep = f'if (said["{shown[0]}"]) ({shown[1].set!s})(said["{shown[0]}"]);' if shown else ""
    script = f"""async () => {{
      ({posting.busy.set!s})("yes"); ({posting.problem.set!s})(""); ({posting.field.set!s})("");
      ({posting.code.set!s})("");
      try {{
        const answer = await fetch({address}, {{method: "POST", credentials: "same-origin", cache: "no-store",
          body: new URLSearchParams({{{sent}}})}});
        if (answer.status === 401) {{ location.reload(); return; }}
        const said = await answer.json();
        if (answer.ok) {{ {keep} const then = document.getElementById("{done}");
          then.dataset.said = {f'said["{answer}"]' if answer else '""'}; then.click(); }}
        else {{
          ({posting.problem.set!s})(said.error.message); ({posting.field.set!s})(said.error.param || "");
          ({posting.code.set!s})(said.error.code || "");
        }}
      }} catch (error) {{ ({posting.problem.set!s})("{FAILED}"); }}
      ({posting.busy.set!s})("");
    }}"""
    return rx.call_function(rx.Var(_js_expr=f"({script})", _var_data=data).to(FunctionVar))


def after_post(name: str, handler: rx.EventHandler | EventSpec) -> rx.Component:
    """Returns what a POST that went well calls by this name; a callback of Reflex's would be a script to evaluate."""
    return rx.el.button(id=name, on_click=handler, hidden=True, type="button", tab_index=-1)


def told_by(name: str) -> rx.Var[str]:
    """Returns what the answer of the POST said that was followed by this name."""
    return rx.Var(_js_expr=f'(document.getElementById("{name}").dataset.said ?? "")').to(str)


def post_file(url: rx.Var[str], field_id: str, busy: ClientStateVar, problem: ClientStateVar) -> EventSpec:
    """Returns what posts the file that was chosen in a field to one of our routes, as it is, and says in `problem` why
    not. `busy` is `yes` meanwhile. A visitor who is no longer signed in loads the page again.
    """
    wait, complain = busy.set, problem.set
    script = f"""async () => {{
      const chosen = document.getElementById("{field_id}"), file = chosen.files[0];
      if (!file) return;
      ({wait!s})("yes"); ({complain!s})("");
      try {{
        const answer = await fetch({url!s}, {{method: "POST", credentials: "same-origin", cache: "no-store",
          headers: {{"Content-Type": "application/octet-stream"}}, body: file}});
        if (answer.status === 401) return location.reload();
        if (!answer.ok) ({complain!s})((await answer.json()).error.message);
      }} catch (error) {{ ({complain!s})("{FAILED}"); }}
      chosen.value = "";
      ({wait!s})("");
    }}"""
    data = VarData.merge(wait._get_all_var_data(), complain._get_all_var_data(), url._get_all_var_data())
    return rx.call_function(rx.Var(_js_expr=f"({script})", _var_data=data).to(FunctionVar))
