"""How credits look: what there is, the packs to add, and every movement with its receipt."""

import reflex as rx

from app.web.components.activity import activity
from app.web.components.amounts import amount_form
from app.web.components.parts import empty, figure, instead, note, panel_skeletons, sandbox_tag
from app.web.components.payment_ways import ways_to_pay
from app.web.components.refunds.look import refund_note
from app.web.components.topup_notes import frozen_note, topup_notes, unless_waiting
from app.web.end_user.credits.state import CreditsState
from app.web.frame import routes
from app.web.frame.layout import own_frame

_state = CreditsState
_HEIGHTS = ("420px", "280px")


def credits() -> rx.Component:
    """Returns the page of a person's credits."""
    page = rx.match(
        _state.phase,
        ("ready", rx.cond(_state.page.purse.is_offered, _credits(), _closed())),
        ("invalid", instead("The credits cannot be shown", _state.problem)),
        rx.el.div(rx.el.div(panel_skeletons(*_HEIGHTS), class_name="pair"), class_name="narrow"),
    )
    return own_frame(page, current=routes.CREDITS, visitor=_state)


def _closed() -> rx.Component:
    return instead("No credits here", "This instance offers none: whoever runs it has set up no provider for them.")


def _credits() -> rx.Component:
    paid = note("Credits added", "They can be spent at once. If a message waits for them, send it again.", "ok")
    return rx.el.div(
        refund_note(_state, topup_notes(_state, paid)),
        frozen_note(_state.page.purse.frozen),
        rx.el.div(_purse(), _newest(), class_name="pair"),
        class_name="narrow",
    )


def _purse() -> rx.Component:
    purse = _state.page.purse
    facts = rx.el.div(
        _fact(purse.owed, " owed: a payment that your bank took back was spent"),
        _fact(purse.held, " held for running answers"),
        _fact(purse.free, ""),
        class_name="num",
    )
    only = rx.el.p("Free credits are for free models. Every model opens with your first top-up.", class_name="muted",
                   style={"marginTop": "12px"})  # fmt: skip
    gets = rx.el.div(rx.el.small("You get", class_name="muted"), rx.el.b(_state.get_label), class_name="sunken num",
                     style={"marginTop": "10px"})  # fmt: skip
    assured = "100 credits are a dollar. They never expire."
    assurance = rx.el.small(
        rx.cond(purse.is_sandbox, "No real money moves in the sandbox.", assured),
        class_name="faint", style={"display": "block", "textAlign": "center", "marginTop": "12px"},
    )  # fmt: skip
    ways = ways_to_pay(_state, purse.is_sandbox, takes_usdc=False)
    form = rx.fragment(ways, amount_form(_state, gets, assurance, amounts=_state.packs))
    closed = rx.el.p("Card payments are not open here yet.", class_name="muted", style={"marginTop": "18px"})
    return rx.el.section(
        rx.el.div(rx.el.h1("Your credits"), sandbox_tag(purse.is_sandbox), class_name="row between"),
        rx.el.div(rx.el.small("Available", class_name="muted"), figure(purse.available), facts,
                  style={"marginTop": "18px"}),
        rx.cond(purse.free_only, only, rx.fragment()),
        unless_waiting(_state, rx.cond(_state.ways, form, closed)),
        rx.el.p(rx.el.a("Auto top-up", href=f"{routes.SETTINGS}/#auto-top-up"),
                rx.cond(_state.page.auto != "", _state.page.auto, " keeps them from running out."),
                class_name="muted num", style={"marginTop": "14px", "textAlign": "center"}),
        class_name="panel pad", aria_label="Balance",
    )  # fmt: skip


def _fact(amount: rx.Var[str], words: str) -> rx.Component:
    return rx.cond(amount != "", rx.el.small(amount, words, class_name="muted fact"), rx.fragment())


def _newest() -> rx.Component:
    more = rx.el.div(
        rx.el.button("Show more", on_click=_state.show_more, class_name="btn s", type="button"), class_name="item"
    )
    nothing = empty("No movements yet", "Top-ups and charges appear here, each with its receipt.")
    return rx.el.section(
        rx.el.div(rx.el.h2("Activity"), rx.el.a("Usage", href=f"{routes.USAGE}/"), class_name="row between inset",
                  style={"paddingTop": "20px", "paddingBottom": "12px"}),
        rx.cond(_state.page.movements, activity(_state.page.movements, _state), nothing),
        rx.cond(_state.page.has_more, more, rx.fragment()),
        class_name="panel", style={"overflow": "hidden"},
    )  # fmt: skip
