"""How a paywall's payments look: connect Stripe by a restricted key, how the connection fares, what it once was."""

import reflex as rx

from app.web.components.once import kept_here, post_typed
from app.web.components.parts import confirm, note, tag
from app.web.developer.frame import sections
from app.web.developer.frame.layout import paywall_page
from app.web.developer.payments.rows import AccountRow, FactRow
from app.web.developer.payments.state import PaymentsState

_state = PaymentsState
_busy = kept_here("stripekeybusy")
_problem = kept_here("stripekeyproblem")
FIELD = "stripe-key"
_SANDBOX = "Nothing here waits for that: without Stripe they pay at the sandbox's checkout, and no real money moves."


@paywall_page(sections.PAYMENTS, PaymentsState)
def payments() -> rx.Component:
    """Returns the page of where a paywall's payments go."""
    return rx.fragment(_said(), _sections())


def _said() -> rx.Component:
    connected = note("Stripe is connected", "Your users' next top-up goes to your account.", "ok")
    changed = note("The key was changed", "What was open goes on with the new one.", "ok")
    return rx.match(_state.said, ("connected", connected), ("changed", changed), rx.fragment())


def _sections() -> rx.Component:
    page = _state.page
    people = rx.el.section(
        rx.el.h2("Card payments go to the operator"),
        rx.el.p("Users of this paywall pay from wallets of their own, which all their apps share. The operator of this"
                " instance takes the card payments; what your app earns is paid out to you.",
                class_name="muted", style={"marginTop": "6px"}),
        class_name="panel pad",
    )  # fmt: skip
    own = rx.fragment(
        rx.cond(page.account.id != "", _connected(), _unconnected()),
        rx.cond(page.earlier, _earlier(), rx.fragment()),
    )
    return rx.cond(page.has_own_account, own, people)


def _unconnected() -> rx.Component:
    head = rx.el.div(
        rx.el.h2("Connect Stripe"),
        rx.el.p("Your users pay by card, and the money is in your own Stripe account at once.",
                class_name="muted"),
        rx.cond(_state.paywall.is_sandbox, rx.el.p(_SANDBOX, class_name="muted"), rx.fragment()),
        class_name="inset", style={"paddingTop": "22px", "paddingBottom": "14px", "display": "grid", "gap": "4px"},
    )  # fmt: skip
    nobody = rx.el.p("Only the owner of this paywall can connect an account.", class_name="muted item")
    return rx.el.section(head, rx.cond(_state.paywall.may_set_up, _steps(), nobody), class_name="panel",
                         aria_label="Connect Stripe")  # fmt: skip


def _steps() -> rx.Component:
    """The two steps to a key, and its field. What is typed is posted by the browser, and passes no state."""
    page = _state.page
    mode = rx.cond(_state.paywall.is_sandbox, "test", "live")
    label = rx.cond(page.account.id != "", "Change the key", "Connect")
    first = rx.el.div(
        rx.el.span("1", class_name="step", aria_hidden="true"),
        rx.el.div(
            rx.el.b("Make a restricted key"),
            rx.el.p("Stripe's page opens in ", mode, " mode with the boxes ticked that we need. Give it a name and"
                    " create it.", class_name="muted"),
            rx.el.div(
                rx.el.a("Open Stripe's key page", href=page.key_page, target="_blank", rel="noopener noreferrer",
                        class_name="btn s"), style={"marginTop": "10px"}),
            _permissions(),
            class_name="grow",
        ),
        class_name="item step-line",
    )  # fmt: skip
    post = post_typed(page.connect_url, FIELD, _busy, _problem)
    field = rx.el.form(
        rx.el.label(
            rx.el.span("Restricted key"),
            rx.el.input(id=FIELD, type="password", class_name="field plain s num", placeholder=page.key_start,
                        auto_complete="off", spell_check=False, max_length=300, aria_describedby="key-said"),
            class_name="labelled",
        ),
        rx.el.p(_problem.value, id="key-said", class_name="bad problem", role="alert"),
        rx.el.div(
            rx.el.button(rx.cond(_busy.value == "yes", "Trying the key…", label), type="submit",
                         disabled=_busy.value == "yes", class_name="btn s primary"),
            rx.cond(_state.is_changing & (page.account.id != ""),
                    rx.el.button("Cancel", on_click=_state.change_key, class_name="btn s", type="button"),
                    rx.fragment()),
            class_name="row", style={"marginTop": "12px"},
        ),
        on_submit=post, style={"marginTop": "10px"},
    )  # fmt: skip
    second = rx.el.div(
        rx.el.span("2", class_name="step", aria_hidden="true"),
        rx.el.div(
            rx.el.b("Paste it here"),
            rx.el.p("It is tried first: nothing is made or moved by that. Then it is kept encrypted, and never shown"
                    " again.", class_name="muted"),
            field, class_name="grow",
        ),
        class_name="item step-line",
    )  # fmt: skip
    return rx.el.div(first, second)


def _permissions() -> rx.Component:
    return rx.el.details(
        rx.el.summary("What the key must be allowed to do"),
        rx.el.ul(rx.foreach(_state.page.permissions, rx.el.li)),
        class_name="ticked",
    )


def _connected() -> rx.Component:
    account, may = _state.page.account, _state.paywall.may_set_up
    head = rx.el.div(
        rx.el.div(rx.el.b(account.title), rx.el.small(account.detail, class_name="muted"), class_name="grow"),
        rx.cond(account.problem != "", tag("Key refused", tone="bad"), tag("Connected", tone="ok")),
        class_name="item item-line",
    )
    problem = rx.el.div(
        rx.el.p(account.problem, " Nothing can be paid or read until you change the key.", class_name="bad"),
        class_name="item", role="alert",
    )  # fmt: skip
    question = ("Disconnect this account? New top-ups are not offered any more. What is open there still ends, and"
                " your users keep their balances.")  # fmt: skip
    asked = confirm(question, "Disconnect", "Keep", _state.disconnect(account.id), _state.ask(""))
    buttons = rx.el.div(
        rx.el.button("Change the key", on_click=_state.change_key, class_name="btn s", type="button",
                     aria_expanded=_state.is_changing),
        rx.el.button("Disconnect", on_click=_state.ask(account.id), class_name="btn s bare", type="button"),
        class_name="row",
    )  # fmt: skip
    foot = rx.el.div(
        rx.cond(_state.asking == account.id, asked, buttons),
        rx.el.p(_state.error, class_name="bad problem", role="alert"), class_name="item",
    )  # fmt: skip
    return rx.el.section(
        head,
        rx.cond(account.problem != "", problem, rx.fragment()),
        rx.el.dl(rx.foreach(account.facts, _fact), class_name="item known"),
        rx.cond(may, foot, rx.fragment()),
        rx.cond(_state.is_changing, _steps(), rx.fragment()),
        class_name="panel", aria_label="Stripe",
    )  # fmt: skip


def _fact(row: rx.Var[FactRow]) -> rx.Component:
    dot = rx.el.i(class_name="dot " + row.tone, aria_hidden="true")
    return rx.el.div(rx.el.dt(row.name), rx.el.dd(dot, rx.el.span(row.text)), key=row.name)


def _earlier() -> rx.Component:
    head = rx.el.div(
        rx.el.h2("Earlier accounts"),
        rx.el.small("They take nothing new. Their keys are kept so that refunds and disputes of what was paid there are"
                    " still read.", class_name="muted"),
        class_name="inset", style={"paddingTop": "20px", "paddingBottom": "12px"},
    )  # fmt: skip
    return rx.el.section(head, rx.el.div(rx.foreach(_state.page.earlier, _earlier_account)), class_name="panel",
                         aria_label="Earlier accounts")  # fmt: skip


def _earlier_account(row: rx.Var[AccountRow]) -> rx.Component:
    question = ("Delete the key of " + row.title + "? Refunds and disputes of what was paid there are not seen here any"
                " more.")  # fmt: skip
    asked = confirm(question, "Delete the key", "Keep", _state.forget(row.id), _state.ask(""))
    remove = rx.el.button("Delete the key", on_click=_state.ask(row.id), class_name="btn s bare", type="button",
                          aria_label="Delete the key of " + row.title)  # fmt: skip
    return rx.el.div(
        rx.el.div(
            rx.el.div(rx.el.b(row.title), rx.el.small(row.detail, class_name="muted"), class_name="grow"),
            rx.cond(_state.paywall.may_set_up, remove, rx.fragment()), class_name="item-line",
        ),
        rx.cond(_state.asking == row.id, asked, rx.fragment()),
        class_name="item", key=row.id,
    )  # fmt: skip
