"""How an order looks: which app's it is, the choice of who pays, and afterwards what it came to."""

import reflex as rx

from app.web.components.parts import app_icon, instead, note, problem_line, sandbox_tag, skeleton
from app.web.end_user.order.state import OrderState
from app.web.end_user.usage.rows import SumRow, SumTable
from app.web.frame import routes
from app.web.frame.layout import frame
from app.web.frame.plain_form import another_account

_state = OrderState
_SPACED = {"marginTop": "20px"}


def order() -> rx.Component:
    """Returns the page of an order behind a link."""
    page = rx.match(
        _state.phase,
        ("ready", _shown()),
        ("invalid", instead("This link cannot be used", _state.problem)),
        _loading(),
    )
    return frame(rx.el.div(page, class_name="small"), back=rx.el.small(_state.person_email, class_name="muted who"))


def _shown() -> rx.Component:
    page = _state.page
    own = rx.cond(page.billing == "", _choice(), _chosen())
    return rx.match(page.whose, ("own", own), ("nobodys", _unconnected()), _anothers())


def _head(title: rx.Var[str] | str) -> rx.Component:
    page = _state.page
    known = rx.cond(page.external_id != "", rx.fragment(" · your id there: ", rx.el.span(page.external_id,
                    class_name="num")), rx.fragment())  # fmt: skip
    return rx.el.div(
        app_icon(page.initials, page.icon),
        rx.el.div(
            rx.el.h1(title),
            rx.el.small("An order of ", page.app_name, known, class_name="muted",
                        style={"display": "block", "marginTop": "2px"}),
            rx.cond(page.is_sandbox, rx.el.div(sandbox_tag(page.is_sandbox), style={"marginTop": "8px"}),
                    rx.fragment()),
        ),
        class_name="row", style={"alignItems": "flex-start"},
    )  # fmt: skip


def _choice() -> rx.Component:
    page = _state.page
    wallet = rx.el.section(
        rx.el.h2("Your ", page.wallet),
        rx.el.p("Each answer is charged at its listed price, with a receipt. There is ",
                rx.el.b(page.available, class_name="num"), " now; when that runs low, new calls wait for you and "
                "nothing ends.", class_name="muted", style={"marginTop": "4px"}),
        rx.el.button("Pay from your ", page.wallet, on_click=_state.choose("platform"), type="button",
                     class_name="btn primary wide", style={"marginTop": "14px"}),
        style=_SPACED,
    )  # fmt: skip
    own_key = rx.el.section(
        rx.el.h2("Your own key"),
        rx.el.p("A key of yours calls the provider, who bills you. Nothing is charged here, and usage is shown all "
                "the same. Your keys are in your ", rx.el.a("settings", href=f"{routes.SETTINGS}/"), ".",
                class_name="muted", style={"marginTop": "4px"}),
        rx.el.label(
            rx.el.input(type="checkbox", checked=_state.may_fall_back, on_change=_state.allow_fall_back),
            rx.el.span(rx.el.b("Where no key serves, pay from my ", page.wallet),
                       rx.el.small("Otherwise such a call is not made.", class_name="muted")),
            class_name="tick",
        ),
        rx.el.button("Use your own key", on_click=_state.choose("byok"), type="button", class_name="btn wide",
                     style={"marginTop": "14px"}),
        style=_SPACED,
    )  # fmt: skip
    return rx.fragment(
        rx.el.section(
            _head(page.name),
            rx.el.p("Who pays for this order? You choose once, for all of its calls.", style=_SPACED),
            problem_line(_state.error),
            wallet,
            rx.el.hr(class_name="rule"),
            own_key,
            class_name="panel pad",
        ),
        another_account(_state.here, "btn s bare wide"),
    )  # fmt: skip


def _chosen() -> rx.Component:
    page = _state.page
    pays = rx.cond(page.wallet == "credits", "Your credits pay", "Your wallet pays")
    who = rx.cond(page.billing == "byok", "Your own key pays", pays)
    back = rx.el.a("Back to ", page.app_name, href=page.back_url, class_name="btn primary wide", style=_SPACED)
    nothing = rx.el.p("Nothing was asked under this order yet.", class_name="muted", style=_SPACED)
    add = rx.cond(page.wallet == "credits", routes.CREDITS, routes.WALLET)
    waits = note("New calls wait", "There is nothing left to pay them from. What runs goes on.", "wait",
                 rx.el.a("Add funds", href=add + "/", class_name="btn s primary"))  # fmt: skip
    file = rx.el.a("Download as CSV", href=page.csv_url, class_name="btn wide", download=True)
    return rx.el.div(
        note(who, page.billing_note, "ok"),
        rx.cond(page.is_waiting, waits, rx.fragment()),
        rx.el.section(
            _head(page.name),
            rx.cond(page.tables, rx.fragment(), nothing),
            rx.cond(page.back_url != "", back, rx.fragment()),
            class_name="panel pad",
        ),
        rx.foreach(page.tables, _table),
        rx.cond(page.csv_url != "", file, rx.fragment()),
        class_name="stack",
    )


def _table(table: rx.Var[SumTable]) -> rx.Component:
    return rx.el.section(
        rx.el.h2(table.title, class_name="inset", style={"paddingTop": "20px", "paddingBottom": "8px"}),
        rx.foreach(table.rows, _sum),
        class_name="panel", key=table.title,
    )  # fmt: skip


def _sum(row: rx.Var[SumRow]) -> rx.Component:
    return rx.el.div(
        rx.el.div(rx.el.b(row.name), rx.el.small("paid by ", row.source, class_name="muted"), class_name="grow"),
        rx.el.div(rx.el.b(row.charged), rx.el.small(row.used, class_name="muted"), class_name="charge-sum num"),
        class_name="item item-line", key=row.key,
    )  # fmt: skip


def _unconnected() -> rx.Component:
    page = _state.page
    words = ("Before you can choose who pays for this order, let ", page.app_name, " know that its user is you.")
    return rx.el.section(
        _head(page.name),
        rx.el.p(*words, class_name="muted", style=_SPACED),
        rx.el.a("Authorize ", page.app_name, href=page.connect_url, class_name="btn primary wide", style=_SPACED),
        class_name="panel pad",
    )


def _anothers() -> rx.Component:
    page = _state.page
    words = ("This order belongs to another account. Sign in with the one that pays for ", page.app_name, ".")
    return rx.el.section(
        _head("Another account’s order"),
        rx.el.p(*words, class_name="muted", style=_SPACED),
        rx.el.div(another_account(_state.here, "btn wide"), style=_SPACED),
        class_name="panel pad",
    )


def _loading() -> rx.Component:
    return rx.el.section(
        rx.el.p("Reading", class_name="unseen", role="status"),
        rx.el.div(skeleton("40px", "40px"), skeleton("220px", "24px"), class_name="row"),
        *(rx.el.div(skeleton("100%", height), style={"marginTop": "22px"}) for height in ("92px", "46px", "92px")),
        class_name="panel pad",
    )
