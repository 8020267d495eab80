"""How the activity page looks: filters, and every movement with its receipt."""

import reflex as rx

from app.web.components.activity import activity as movements
from app.web.components.parts import empty, instead, skeleton
from app.web.components.refunds.look import refund_note
from app.web.end_user.activity.state import ActivityState, AppChoice
from app.web.frame import routes
from app.web.frame.layout import own_frame

_state = ActivityState


def activity() -> rx.Component:
    """Returns the page of every movement."""
    # Head and filters stand from the beginning, so that nothing moves when the list comes.
    shown = rx.el.div(
        rx.el.div(
            rx.el.h1("Activity"),
            _filters(),
            rx.el.a("Usage", href=f"{routes.USAGE}/", class_name="btn s"),
            class_name="page-head",
        ),
        refund_note(_state, rx.fragment()),
        rx.cond(_state.phase == "ready", _list(), _loading()),
        class_name="narrow stack",
        style={"maxWidth": "760px"},
    )
    failed = instead("The activity cannot be shown", _state.problem)
    page = rx.cond(_state.phase == "invalid", failed, shown)
    return own_frame(page, current=routes.ACTIVITY, visitor=_state)


def _list() -> rx.Component:
    add = rx.el.a("Add funds", href=f"{routes.WALLET}/", class_name="btn s")
    none = empty("No movements yet", "Top-ups and charges of your wallet appear here, each with its receipt.", add)
    every = rx.el.button("Show all", on_click=[_state.filter_side("all"), _state.filter_app("")], class_name="btn s",
                         type="button")  # fmt: skip
    unfit = empty("No movement fits", "None of your wallet's movements is one of these.", every)
    nothing = rx.el.div(rx.cond(_state.is_filtered, unfit, none), style={"paddingTop": "20px"})
    more = rx.el.div(
        rx.el.button("Show more", on_click=_state.show_more, class_name="btn s", type="button"), class_name="item"
    )
    return rx.el.section(
        rx.cond(_state.movements, movements(_state.movements, _state), nothing),
        rx.cond(_state.has_more, more, rx.fragment()),
        rx.cond(_state.looked, rx.el.small(_state.looked, class_name="item muted"), rx.fragment()),
        class_name="panel",
        style={"overflow": "hidden"},
    )


def _loading() -> rx.Component:
    rows = (rx.el.div(skeleton("100%", "38px"), class_name="item") for _ in range(6))
    return rx.el.section(rx.el.p("Reading", class_name="unseen", role="status"), *rows, class_name="panel")


def _filters() -> rx.Component:
    sides = (("All", "all"), ("Charges", "out"), ("Money in", "in"))
    buttons = (
        rx.el.button(name, type="button", class_name="btn", aria_pressed=_state.side == side,
                     on_click=_state.filter_side(side))
        for name, side in sides
    )  # fmt: skip
    apps = rx.el.select(
        rx.el.option("All apps", value=""),
        rx.foreach(_state.apps, _app),
        value=_state.app_id, on_change=_state.filter_app, class_name="field plain s", aria_label="App",
        style={"width": "auto"},
    )  # fmt: skip
    environments = rx.el.select(
        rx.el.option("Live", value="live"), rx.el.option("Sandbox", value="sandbox"), value=_state.environment,
        on_change=_state.show_environment, class_name="field plain s", aria_label="Wallet", style={"width": "auto"},
    )  # fmt: skip
    return rx.el.div(
        rx.el.div(*buttons, class_name="segments", role="group", aria_label="Which movements"),
        apps,
        rx.cond(_state.has_both, environments, rx.fragment()),
        class_name="row filters",
    )  # fmt: skip


def _app(choice: rx.Var[AppChoice]) -> rx.Component:
    return rx.el.option(choice.name, value=choice.paywall_id)
