"""How wallets look to an operator: a search, and beside each wallet what can be done about it, asked once."""

import reflex as rx

from app.web.components.parts import confirm, empty, note, sandbox_tag, tag
from app.web.frame.plain_form import find_form
from app.web.operator.frame.layout import operator_page
from app.web.operator.wallets.rows import WalletRow
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
    none = rx.cond(page.words != "", empty("No such wallet", "Write the whole id, or the whole address."),
                   empty("No wallet is frozen", "Look for one by an id or an e-mail address."))  # fmt: skip
    listed = rx.el.section(
        rx.el.div(form, class_name="listing-head"),
        rx.cond(page.rows, rx.el.ul(rx.foreach(page.rows, _row)), rx.el.div(none, style={"paddingTop": "20px"})),
        class_name="panel attention", aria_label="Wallets",
    )  # fmt: skip
    return operator_page("Wallets", "Without a search those that are frozen. What you do here is logged.", _state,
                         problem, listed)  # fmt: skip


def _row(row: rx.Var[WalletRow]) -> rx.Component:
    def ask(label: str, step: str, look: str = "") -> rx.Component:
        return rx.el.button(label, on_click=_state.ask(step + ":" + row.id), class_name=f"btn s {look}", type="button")

    steps = rx.cond(
        row.is_frozen,
        rx.cond(row.owes, ask("Write off", "write_off", "danger"), ask("Thaw", "thaw")),
        ask("Freeze", "freeze"),
    )
    question = rx.match(
        _state.asking,
        ("freeze:" + row.id, "Freeze it? Its next request is refused with 403."),
        ("thaw:" + row.id, "Thaw it, whyever it was frozen? It can be charged at once."),
        ("write_off:" + row.id, "Pay its debt out of the operator's capital, and thaw it? That is not undone."),
        "",
    )
    asked = confirm(question, "Do it", "Not now", _state.do_asked, _state.ask(""))
    frozen = rx.cond(row.is_frozen, tag("Frozen", tone="bad"), rx.fragment())
    return rx.el.li(
        rx.el.div(
            rx.el.div(rx.el.b(row.whose), " ", frozen, " ", sandbox_tag(row.is_sandbox),
                      rx.el.small(row.app, " · ", row.id, class_name="muted"),
                      rx.cond(row.reasons != "", rx.el.small("Frozen: ", row.reasons), rx.fragment()),
                      class_name="grow"),
            rx.el.b(row.balance, class_name="num nowrap"), steps, class_name="item-line wrap",
        ),
        rx.cond(question != "", asked, rx.fragment()), class_name="item", key=row.id,
    )  # fmt: skip
