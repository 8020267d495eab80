"""How the sandbox's page for saving a card looks: each of its cards, by what it will do."""

import reflex as rx

from app.ports.cards import SandboxCard
from app.web.components.parts import instead, skeleton, tag
from app.web.end_user.sandbox_card.state import SandboxCardState
from app.web.frame.layout import frame

_DOES = {
    SandboxCard.PAYS: "Pays whenever it is charged",
    SandboxCard.ASKS: "Its bank wants every charge confirmed",
    SandboxCard.DECLINES: "Is declined when it is charged",
    SandboxCard.STOLEN: "Is declined, and must not be tried again",
}


def sandbox_card() -> rx.Component:
    """Returns the page on which a card of the sandbox is saved."""
    page = rx.match(
        SandboxCardState.phase,
        ("ready", _cards()),
        ("invalid", instead("This page cannot be used", SandboxCardState.problem)),
        rx.el.div(skeleton("100%", "300px"), class_name="centre"),
    )
    return frame(page)


def _cards() -> rx.Component:
    head = rx.el.div(
        rx.el.div(rx.el.h1("Save a card"), tag("No real money", tone="wait"), class_name="row between"),
        rx.el.p("Each card of the sandbox does one thing, so that you can see what comes of it.", class_name="muted",
                style={"marginTop": "8px"}),
        class_name="inset", style={"paddingTop": "22px", "paddingBottom": "14px"},
    )  # fmt: skip
    return rx.el.div(
        rx.el.section(head, *(_card(card, does) for card, does in _DOES.items()), class_name="panel"),
        class_name="centre",
    )


def _card(card: SandboxCard, does: str) -> rx.Component:
    save = rx.el.button("Save", on_click=SandboxCardState.save(card.value), class_name="btn s", type="button",
                        aria_label=f"Save Visa ···{card.value}")  # fmt: skip
    return rx.el.div(
        rx.el.span("VISA", class_name="card-art", aria_hidden="true"),
        rx.el.div(rx.el.b(f"Visa ···{card.value}"), rx.el.small(does, class_name="muted"), class_name="grow num"),
        save,
        class_name="item item-line",
    )
