"""How wallets look to an operator: what waits, a search, beside each wallet what can be done, asked once, and why it
is as it is."""

import reflex as rx

from app.web.components.parts import confirm, empty, note, problem_line, sandbox_tag, tag
from app.web.frame import routes
from app.web.frame.plain_form import find_form
from app.web.operator.frame.layout import operator_page
from app.web.operator.wallets.rows import MovedRow, WalletRow, WarningRow
from app.web.operator.wallets.state import WalletsState

_state = WalletsState


def wallets() -> rx.Component:
    """Returns the page on which operators find wallets."""
    page = _state.page
    form = find_form(
        rx.el.input(name="find", type="search", default_value=page.words, key="q" + page.words, max_length=200,
                    class_name="field plain s", placeholder="Wallet, user or e-mail", auto_complete="off",
                    aria_label="Id of a wallet or user, or an e-mail address", spell_check=False),
        rx.el.button("Find", type="submit", class_name="btn s"), class_name="listing-filters",
    )  # fmt: skip
    problem = rx.cond(_state.error != "", note("Nothing was changed", _state.error, "bad"), rx.fragment())
    done = rx.cond(_state.done != "", note("Done", _state.done, "ok"), rx.fragment())
    none = rx.cond(page.words != "", empty("No such wallet", "Write the whole id, or the whole address."),
                   empty("No wallet is frozen", "Look for one by an id or an e-mail address."))  # fmt: skip
    listed = rx.el.section(
        rx.el.div(form, class_name="listing-head"),
        rx.cond(page.rows, rx.el.ul(rx.foreach(page.rows, _row)), rx.el.div(none, style={"paddingTop": "20px"})),
        class_name="panel attention", aria_label="Wallets",
    )  # fmt: skip
    return operator_page("Wallets", "Without a search those that are frozen. What you do here is logged.", _state,
                         problem, done, _warnings(), listed, _explained())  # fmt: skip


def _ask(label: str, step: rx.Var[str], look: str = "") -> rx.Component:
    return rx.el.button(label, on_click=_state.ask(step), class_name=f"btn s {look}", type="button")


def _asked(question: rx.Var[str]) -> rx.Component:
    asked = confirm(question, "Do it", "Not now", _state.do_asked, _state.ask(""))
    return rx.cond(question != "", asked, rx.fragment())


def _warnings() -> rx.Component:
    listed = rx.el.section(
        rx.el.div(rx.el.h2("Fraud warnings to decide"), class_name="panel-head"),
        rx.el.ul(rx.foreach(_state.page.warnings, _warning)),
        class_name="panel attention", aria_label="Fraud warnings to decide",
    )  # fmt: skip
    return rx.cond(_state.page.warnings, listed, rx.fragment())


def _warning(row: rx.Var[WarningRow]) -> rx.Component:
    question = rx.match(
        _state.asking,
        ("give_back:" + row.key, "Give all of it back that is left? The wallet stays frozen, as after a dispute."),
        ("let_be:" + row.key, "Take it for no fraud? The wallet can be charged at once."),
        "",
    )
    return rx.el.li(
        rx.el.div(
            rx.el.i(class_name="dot bad", aria_hidden="true"),
            rx.el.div(rx.el.b(row.title), rx.el.small(row.detail, class_name="muted"),
                      rx.el.small(_why(row.wallet_id, row.wallet_id)), class_name="grow"),
            _ask("Give it back", "give_back:" + row.key, "danger"), _ask("Let it be", "let_be:" + row.key),
            class_name="item-line wrap",
        ),
        _asked(question), class_name="item", key=row.key,
    )  # fmt: skip


def _why(label: rx.Var[str] | str, wallet_id: rx.Var[str]) -> rx.Component:
    return rx.el.a(label, href=f"{routes.OPERATOR_WALLETS}/?wallet=" + wallet_id, class_name="link")


def _row(row: rx.Var[WalletRow]) -> rx.Component:
    steps = rx.cond(
        row.is_frozen,
        rx.cond(row.owes, _ask("Write off", "write_off:" + row.id, "danger"), _ask("Thaw", "thaw:" + row.id)),
        _ask("Freeze", "freeze:" + row.id),
    )
    question = rx.match(
        _state.asking,
        ("freeze:" + row.id, "Freeze it? Its next request is refused with 403."),
        ("thaw:" + row.id, "Thaw it, whyever it was frozen? It can be charged at once."),
        ("write_off:" + row.id, "Pay its debt out of the operator's capital, and thaw it? That is not undone."),
        "",
    )
    frozen = rx.cond(row.is_frozen, tag("Frozen", tone="bad"), rx.fragment())
    return rx.el.li(
        rx.el.div(
            rx.el.div(rx.el.b(row.whose), " ", frozen, " ", sandbox_tag(row.is_sandbox),
                      rx.el.small(row.app, " · ", row.id, class_name="muted"),
                      rx.cond(row.reasons != "", rx.el.small("Frozen: ", row.reasons), rx.fragment()),
                      rx.el.small(_why("Explain it", row.id)), class_name="grow"),
            rx.el.b(row.balance, class_name="num nowrap"), steps, class_name="item-line wrap",
        ),
        _asked(question), class_name="item", key=row.id,
    )  # fmt: skip


def _explained() -> rx.Component:
    one = _state.page.explained
    is_giving = _state.asking == "give:" + one.id
    gives = rx.cond(is_giving, _goodwill(), _ask("Give for goodwill", "give:" + one.id))
    none = empty("Nothing moved yet", "Top-ups, charges and grants stand here, the newest first.")
    section = rx.el.section(
        rx.el.div(rx.el.h2("Explained"), rx.el.small(one.id, class_name="muted mono"), class_name="panel-head"),
        rx.el.div(
            rx.foreach(one.says, rx.el.p), rx.cond(one.is_shared, gives, rx.fragment()),
            class_name="pad stack", style={"gap": "8px"},
        ),
        rx.cond(one.moved, rx.el.ul(rx.foreach(one.moved, _moved)), none),
        class_name="panel attention", aria_label="Explained",
    )  # fmt: skip
    return rx.cond(one.id != "", section, rx.fragment())


def _goodwill() -> rx.Component:
    one = _state.page.explained
    return rx.form(
        rx.el.div(
            rx.el.input(name="amount", class_name="field plain s", input_mode="decimal", max_length=40,
                        auto_complete="off", aria_label="Amount", placeholder="5.00", style={"width": "120px"},
                        auto_focus=True),
            rx.el.span(one.unit, class_name="muted"),
            rx.el.input(name="reason", class_name="field plain s", max_length=200, auto_complete="off",
                        aria_label="Why", placeholder="Why", style={"width": "240px"}),
            rx.el.button("Give it", type="submit", class_name="btn s primary"),
            rx.el.button("Not now", on_click=_state.ask(""), class_name="btn s bare", type="button"),
            class_name="row tight wrap",
        ),
        rx.el.small("It is spent first, never paid out, and comes out of your grants.", class_name="muted"),
        problem_line(_state.error), on_submit=_state.give, class_name="stack", style={"gap": "8px"},
    )  # fmt: skip


def _moved(row: rx.Var[MovedRow]) -> rx.Component:
    return rx.el.li(
        rx.el.div(rx.el.span(row.what, class_name="breaks"), rx.el.small(row.at, " UTC", class_name="faint"),
                  class_name="grow"),
        rx.el.b(row.amount, class_name="num nowrap"), class_name="item item-line", key=row.id,
    )  # fmt: skip
