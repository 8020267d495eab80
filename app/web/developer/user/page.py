"""How one user looks: figures and acts, what binds now, the history with a receipt behind each charge."""

import reflex as rx

from app.web.components.once import fetch_once, kept_here
from app.web.components.parts import confirm, copy_text_button, empty, id_line, problem_line
from app.web.developer.frame import sections
from app.web.developer.frame.layout import paywall_page
from app.web.developer.requests.parts import developers_receipt
from app.web.developer.user.acts import ActRow
from app.web.developer.user.rows import PAYMENT, BoundRow, EntryRow
from app.web.developer.user.state import UserState

_state = UserState
_link = kept_here("topuplink")
_link_problem = kept_here("topuplinkproblem")


@paywall_page(sections.USERS, UserState)
def user() -> rx.Component:
    """Returns the page of one user."""
    said = rx.el.p(_state.said, class_name="good", role="status")
    return rx.fragment(
        _head(), said, rx.match(_state.asking, ("grant", _grant()), ("block", _block()), rx.fragment()), _new_link(),
        _figures(), _bounds(), _month(), _acts(), _history(),
    )  # fmt: skip


def _head() -> rx.Component:
    page = _state.page
    make = fetch_once(page.link_url, "link", _link, _link_problem)
    blocked = rx.el.button("Let in again", on_click=_state.block(False), class_name="btn s", type="button")
    block = rx.el.button("Block", on_click=_state.ask("block"), class_name="btn s danger", type="button")
    acts = rx.el.div(
        rx.cond(page.link_url != "", rx.el.button("Make a top-up link", on_click=make, class_name="btn s",
                                                  type="button"), rx.fragment()),
        rx.cond(page.may_grant, rx.el.button("Grant", on_click=_state.ask("grant"), class_name="btn s",
                                             type="button", aria_expanded=_state.asking == "grant"), rx.fragment()),
        rx.cond(page.may_block, rx.cond(page.is_blocked, blocked, block), rx.fragment()),
        class_name="row wraps",
    )  # fmt: skip
    name = rx.el.div(
        rx.el.a("All users", href=page.list_url),
        rx.el.h2(rx.el.span(page.user, class_name="mono"), " ", rx.el.span(page.state, class_name="tag " + page.tone),
                 class_name="who-is"),
        rx.el.div(rx.el.small("First seen ", page.since, " UTC", class_name="muted"),
                  copy_text_button(page.user, "Copy the user's id"), class_name="row wraps"),
    )  # fmt: skip
    return rx.el.div(name, acts, class_name="page-head")


def _new_link() -> rx.Component:
    shown = rx.el.section(
        rx.el.p("Whoever has this link sees this wallet and can pay into it, for 24 hours. Send it to this user alone.",
                class_name="muted"),
        rx.el.p(_link.value, class_name="secret"),
        rx.el.div(copy_text_button(_link.value), rx.el.button("Done", on_click=_link.set_value(""), class_name="btn s",
                                                              type="button"), class_name="row"),
        class_name="panel pad stack", aria_label="Top-up link",
    )  # fmt: skip
    problem = rx.el.p(_link_problem.value, class_name="bad problem", role="alert")
    return rx.fragment(rx.cond(_link.value != "", shown, rx.fragment()), problem)


def _amount(label: str, placeholder: str) -> rx.Component:
    return rx.el.label(
        rx.el.span(label),
        rx.el.div(rx.el.input(name="amount", input_mode="decimal", auto_complete="off", max_length=20,
                              placeholder=placeholder, auto_focus=True), rx.el.span(_state.page.unit),
                  class_name="unit-field"),
        class_name="labelled",
    )  # fmt: skip


def _click() -> rx.Component:
    return rx.el.input(type="hidden", name="click", value=_state.click, read_only=True)


def _grant() -> rx.Component:
    form = rx.el.form(
        _click(),
        rx.el.div(
            _amount("Amount", "0.50"),
            rx.el.label(rx.el.span("Reason, kept in the ledger"),
                        rx.el.input(name="reason", max_length=200, class_name="field plain s", placeholder="Goodwill"),
                        class_name="labelled grow"),
            class_name="act-fields",
        ),
        problem_line(_state.error),
        rx.el.div(rx.el.button("Grant", type="submit", class_name="btn s primary"),
                  rx.el.button("Cancel", on_click=_state.ask(""), class_name="btn s", type="button"),
                  class_name="row"),
        on_submit=_state.give, class_name="stack", style={"gap": "14px"},
    )  # fmt: skip
    words = rx.el.div(rx.el.h2("Grant"), rx.el.p(_state.page.gifts_from, class_name="muted"))
    return rx.el.section(words, form, class_name="panel pad stack", aria_label="Grant", style={"gap": "14px"})


def _block() -> rx.Component:
    question = rx.el.span("Block ", rx.el.span(_state.page.user, class_name="mono"), "? Each of their requests answers"
                          " 403 from the next one on. Their money stays theirs.")  # fmt: skip
    asked = confirm(question, "Block", "Keep", _state.block(True), _state.ask(""))
    return rx.el.section(asked, problem_line(_state.error), aria_label="Block")


def _figures() -> rx.Component:
    page = _state.page

    def one(name: str, value: rx.Var[str], detail: rx.Component) -> rx.Component:
        return rx.el.div(rx.el.dt(name), rx.el.dd(value, class_name="num"), detail)

    held = rx.cond(page.held != "", rx.el.small(page.held, " held", class_name="muted"), rx.fragment())
    return rx.el.dl(
        one("Spendable now", page.spendable, held), one("Binds now", page.binds, rx.fragment()),
        class_name="panel figures", aria_label="Figures",
    )  # fmt: skip


def _bounds() -> rx.Component:
    page = _state.page
    head = rx.el.div(rx.el.h2("What binds now"), rx.el.p(page.binding, class_name="muted"),
                     class_name="listing-head words")  # fmt: skip
    heads = (rx.el.th(name, scope="col", class_name="right") for name in ("Of", "Spent and held", "Left", "Until"))
    columns = rx.el.tr(rx.el.th("Bound", scope="col"), *heads)
    table = rx.el.table(rx.el.thead(columns), rx.el.tbody(rx.foreach(page.bounds, _bound)), class_name="listing halves")
    besides = rx.cond(page.rates != "", rx.el.div(rx.el.small(page.rates, class_name="muted"),
                                                  class_name="listing-foot"), rx.fragment())  # fmt: skip
    return rx.el.section(head, table, besides, class_name="panel listing-panel", aria_label="What binds now")


def _month() -> rx.Component:
    row = _state.page.month

    def one(name: str, value: rx.Var[str], under: rx.Var[str] | str) -> rx.Component:
        return rx.el.div(rx.el.small(name, class_name="muted"), rx.el.b(value, class_name="num"),
                         rx.el.small(under, class_name="muted"))  # fmt: skip

    figures = rx.el.div(
        one("Gross", row.gross, row.label), one("Refunds", row.refunds, ""), one("Net", row.revenue, "after refunds"),
        one("Provider cost", row.cost, ""), one("Margin", row.margin, row.share), one("Requests", row.requests, ""),
        class_name="figures",
    )  # fmt: skip
    return rx.el.section(rx.el.div(rx.el.h2("What they brought and cost"), class_name="panel-head"), figures,
                         class_name="panel", aria_label="What they brought and cost")  # fmt: skip


def _acts() -> rx.Component:
    """What people did by hand, where there is anything."""

    def one(row: rx.Var[ActRow]) -> rx.Component:
        about = rx.cond(row.about != "", rx.fragment(row.about, " · "), rx.fragment())
        return rx.el.div(
            rx.el.div(rx.el.b(row.what), rx.el.small(about, "by ", row.by, class_name="muted"), class_name="grow"),
            rx.el.small(rx.el.time(row.when, title=row.at), class_name="muted"), class_name="item item-line",
            key=row.id,
        )  # fmt: skip

    head = rx.el.div(rx.el.h2("Done by hand"), class_name="panel-head")
    shown = rx.el.section(head, rx.foreach(_state.page.acts, one), class_name="panel", aria_label="Done by hand")
    return rx.cond(_state.page.acts, shown, rx.fragment())


def _bound(row: rx.Var[BoundRow]) -> rx.Component:
    binds = rx.cond(row.is_binding, rx.el.span("Binds", class_name="tag wait"), rx.fragment())
    cells = (("Of", row.of), ("Spent and held", row.used), ("Left", row.left), ("Until", row.until))
    return rx.el.tr(
        rx.el.td(rx.el.b(row.name), " ", binds, rx.el.small(row.detail, class_name="muted")),
        *(rx.el.td(value, class_name="right num", custom_attrs={"data-label": label}) for label, value in cells),
        class_name=rx.cond(row.is_binding, "binds", ""), key=row.name,
    )  # fmt: skip


def _history() -> rx.Component:
    page = _state.page
    head = rx.el.div(
        rx.el.h2("History"), rx.el.a("Open in the ledger", href=page.ledger_url), class_name="listing-head"
    )
    nothing = rx.el.div(empty("Nothing yet", "Top-ups, grants, charges and refunds of this user appear here."),
                        style={"paddingTop": "16px"})  # fmt: skip
    foot = rx.el.div(
        rx.el.small(page.looked, class_name="muted"),
        rx.cond(page.is_newest, rx.fragment(), rx.el.button("Newest", on_click=_state.show_newest,
                                                            class_name="btn s bare", type="button")),
        rx.cond(page.older != "", rx.el.button("Older", on_click=_state.show_older, class_name="btn s", type="button"),
                rx.fragment()),
        class_name="listing-foot",
    )  # fmt: skip
    return rx.el.section(
        head, rx.cond(page.history.length() > 0, rx.el.div(rx.foreach(page.history, _entry)), nothing),
        rx.cond(page.is_newest & (page.older == ""), rx.fragment(), foot),
        class_name="panel listing-panel", aria_label="History",
    )  # fmt: skip


def _entry(row: rx.Var[EntryRow]) -> rx.Component:
    line = (
        rx.el.b(row.title),
        rx.el.span(row.amount, class_name=rx.cond(row.is_in, "amt num good", "amt num")),
        rx.el.div(rx.el.small(row.detail, rx.el.time(row.when, title=row.at)), rx.el.small("more", class_name="more"),
                  class_name="sub"),
    )  # fmt: skip
    plain = rx.el.div(rx.el.p(row.at, class_name="muted"), id_line(row.id), class_name="receipt-in")
    inside = rx.cond(row.has_receipt, developers_receipt(row), rx.el.div(plain, class_name="receipt"))
    may = _state.page.may_refund & (row.refundable != "")
    return rx.el.details(rx.el.summary(*line), inside, rx.cond(may, _refund(row), rx.fragment()), class_name="move",
                         key=row.cursor)  # fmt: skip


def _refund(row: rx.Var[EntryRow]) -> rx.Component:
    what = row.refundable + ":" + row.id
    label = rx.cond(row.refundable == PAYMENT, "Refund this payment", "Refund this charge")
    form = rx.el.form(
        _click(),
        rx.el.input(type="hidden", name="what", value=what, read_only=True),
        _amount("Amount", "All that is left"),
        problem_line(_state.error),
        rx.el.div(rx.el.button("Give it back", type="submit", class_name="btn s danger"),
                  rx.el.button("Keep", on_click=_state.ask(""), class_name="btn s", type="button"), class_name="row"),
        on_submit=_state.refund, class_name="stack", style={"gap": "12px"},
    )  # fmt: skip
    ask = rx.el.button(label, on_click=_state.ask(what), class_name="btn s", type="button")
    return rx.el.div(rx.cond(_state.asking == what, form, ask), class_name="receipt-act")
