"""How the help looks: a question, its answer with the sections that it rests on, and the guide to read."""

import reflex as rx

from app.flows.help.desk import QUESTION_CHARACTERS_MAX
from app.web.components.parts import copy_button, panel_skeletons, problem_line
from app.web.frame import routes
from app.web.frame.layout import frame, run_script
from app.web.frame.routes import sign_in_path
from app.web.public.help.rows import BlockRow, CitedRow, PartRow
from app.web.public.help.state import HelpState

_state = HelpState
_SIGN_IN = sign_in_path(f"{routes.HELP}/?page=")
"""Where somebody signs in and comes back to the page that they read, whose id stands behind it."""
_LISTS = (("All pages", "contents"), ("Questions", "questions"), ("Error codes", "codes"),
          ("Webhook events", "events"), ("Operations", "operations"))  # fmt: skip
_TO_SECTION = """() => {
  const page = document.querySelector("[data-at]");
  const at = page && (page.dataset.at || decodeURIComponent(location.hash.slice(1)));
  const part = at && document.getElementById(at);
  if (part) part.scrollIntoView({block: "start"});
}"""
_TO_OPENED = """() => {
  const shown = () => document.querySelector("[data-at]");
  const at = () => shown() && shown().dataset.page + shown().dataset.at;
  const before = at();
  let left = 12;
  const look = () => {
    left -= 1;
    if (at() === before && left) return setTimeout(look, 50);
    const part = shown() && (document.getElementById(shown().dataset.at) || shown());
    if (part) part.scrollIntoView({block: "start"});
  };
  look();
}"""


def help_page() -> rx.Component:
    """Returns the page of the help."""
    lead = rx.el.p("The guide to read, and answers out of it. About this product only.", class_name="muted")
    read = rx.el.div(_asking(), _answer(), _reading(), class_name="stack")
    shown = rx.el.div(
        rx.el.div(rx.el.div(rx.el.h1("Help"), lead), class_name="page-head"),
        rx.cond(_state.phase == "ready", read, panel_skeletons("96px", "420px")),
        class_name="narrow stack", style={"maxWidth": "860px"},
    )  # fmt: skip
    back = rx.cond(
        _state.phase == "ready",
        rx.cond(
            _state.person_email != "",
            rx.cond(
                _state.has_dashboard,
                rx.el.a("Dashboard", href=f"{routes.DASHBOARD}/", class_name="btn s"),
                rx.el.a("Wallet", href=f"{routes.WALLET}/", class_name="btn s"),
            ),
            rx.el.a("Sign in", href=_SIGN_IN + _state.page.id, class_name="btn s"),
        ),
        rx.fragment(),
    )
    return frame(shown, back=back)


def _asking() -> rx.Component:
    form = rx.el.form(
        rx.el.label(
            rx.el.span("Your question"),
            rx.el.textarea(name="question", rows="2", required=True, max_length=QUESTION_CHARACTERS_MAX,
                           placeholder="How do I connect Stripe?", class_name="area", enter_key_submit=True),
            class_name="labelled",
        ),
        rx.el.div(
            rx.el.small("Free, and not kept. About this product, out of the pages below.", class_name="muted"),
            rx.el.button(rx.cond(_state.is_asking, "Looking", "Ask"), type="submit", disabled=_state.is_asking,
                         class_name="btn primary"),
            class_name="row between", style={"marginTop": "12px"},
        ),
        problem_line(_state.error),
        on_submit=_state.ask, aria_label="Ask the help",
    )  # fmt: skip
    sign_in = rx.el.div(
        rx.el.div(rx.el.b("Ask the help"), rx.el.p("Whoever is signed in can ask; everything below is for everybody.",
                                                   class_name="muted"), class_name="grow"),
        rx.el.a("Sign in", href=_SIGN_IN + _state.page.id, class_name="btn primary"),
        class_name="item-line wrap",
    )  # fmt: skip
    return rx.el.section(rx.cond(_state.person_email != "", form, sign_in), class_name="panel pad")


def _answer() -> rx.Component:
    answer = _state.answer
    cited = rx.el.div(
        rx.el.h3("From the guide"), rx.el.ol(rx.foreach(answer.cited, _cited)), class_name="cited",
    )  # fmt: skip
    shown = rx.el.section(
        rx.el.h2(answer.question, class_name="asked"),
        rx.el.div(rx.foreach(answer.blocks, _block), class_name="prose", role="status", aria_live="polite"),
        rx.cond(answer.is_found, cited, rx.fragment()),
        class_name="panel pad", aria_label="Answer",
    )  # fmt: skip
    return rx.cond(answer.question != "", shown, rx.fragment())


def _cited(row: rx.Var[CitedRow]) -> rx.Component:
    opened = [rx.prevent_default, _state.open_section(row.id), run_script(_TO_OPENED)]
    return rx.el.li(rx.el.a(row.name, href=row.href, on_click=opened), key=row.id)


def _reading() -> rx.Component:
    page = _state.page
    ways = (rx.el.a(name, href=f"{routes.HELP}/?page={page_id}", class_name="chip btn s",
                    aria_current=rx.cond(page.id == page_id, "page", "false")) for name, page_id in _LISTS)  # fmt: skip
    return rx.fragment(
        rx.el.nav(*ways, class_name="chips", aria_label="Pages of the guide"),
        rx.el.article(
            rx.el.h2(page.title, class_name="prose-title"), rx.foreach(page.parts, _part),
            class_name="panel pad prose", custom_attrs={"data-at": page.at, "data-page": page.id},
            key=page.id + "#" + page.at, on_mount=run_script(_TO_SECTION),
        ),
    )  # fmt: skip


def _part(part: rx.Var[PartRow]) -> rx.Component:
    heading = rx.cond(part.heading != "", rx.el.h3(part.heading), rx.fragment())
    return rx.el.section(heading, rx.foreach(part.blocks, _block), id=part.anchor, key=part.anchor)


def _block(block: rx.Var[BlockRow]) -> rx.Component:
    code = rx.el.div(rx.el.pre(rx.el.code(block.code), tab_index=0), copy_button(block.code), class_name="code")
    return rx.cond(block.code != "", code, rx.html(block.html))
