"""The part of a wallet by which USDC comes in: where to send it, as text and picture, and what came."""

from typing import Any

import reflex as rx

from app.web.components.deposit_rows import ArrivalRow, PlaceRow
from app.web.components.parts import note


def deposits(state: Any, *beside: rx.Component) -> rx.Component:
    """Returns addresses, other ways `beside` them, what came, and the demo's test wallet where there is one."""
    pay = rx.el.button("Pay 10 USDC from the test wallet", type="button", class_name="btn primary",
                       on_click=state.pay_from_test_wallet)  # fmt: skip
    return rx.el.div(
        rx.cond(state.deposits_stopped != "", rx.el.p(state.deposits_stopped, role="alert"), rx.fragment()),
        rx.foreach(state.places, _place),
        *beside,
        rx.cond(state.has_test_wallet, rx.el.div(pay, style={"marginTop": "14px"}), rx.fragment()),
        rx.cond(state.deposit_problem != "", rx.el.p(state.deposit_problem, role="alert"), rx.fragment()),
        rx.cond(state.arrivals, rx.el.div(rx.foreach(state.arrivals, _arrival), role="status"), rx.fragment()),
        style={"marginTop": "18px"},
    )  # fmt: skip


def _place(place: rx.Var[PlaceRow]) -> rx.Component:
    hindered = rx.el.div(note("USDC cannot arrive now", place.hindrance, "bad"), style={"marginBottom": "12px"})
    return rx.el.div(
        rx.cond(place.hindrance != "", hindered, rx.fragment()),
        rx.el.p("Send USDC on ", rx.el.b(place.chain), " to this address, as often as you like. It is yours for good."),
        rx.el.img(src=place.picture, alt="The address as a QR code", width="132", height="132",
                  style={"background": "#fff", "borderRadius": "8px", "marginTop": "12px", "display": "block"}),
        rx.el.code(place.address, style={"overflowWrap": "anywhere", "display": "block", "marginTop": "10px"}),
        rx.el.small("Only USDC itself counts. Other tokens do not, bridged USDC.e among them.", class_name="muted",
                    style={"display": "block", "marginTop": "8px"}),
        key=place.address,
    )  # fmt: skip


def _arrival(row: rx.Var[ArrivalRow]) -> rx.Component:
    return rx.el.div(
        rx.el.div(rx.el.b(row.amount, class_name="num"), rx.el.small(row.status, class_name="muted"),
                  class_name="row between"),
        rx.el.small(row.detail, class_name="faint", style={"overflowWrap": "anywhere"}),
        style={"marginTop": "12px"}, key=row.key,
    )  # fmt: skip
