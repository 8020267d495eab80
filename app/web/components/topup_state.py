"""What pages that take an amount to pay have in common: the amount, the other amount, what is wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx

from app import db, wiring
from app.domain.errors import BadField
from app.domain.ids import new_id
from app.domain.inbox.connections import SANDBOX, Connection
from app.domain.money import Environment, Unit, format_for_people, nanos_of_cents
from app.domain.people.sessions import Person
from app.flows.cards.cards import pay_now
from app.flows.cards.settings import read_settings
from app.flows.payments.checkout import check_amount
from app.web.components.amounts import AMOUNTS

AMOUNT_CHARACTERS_MAX = 20


@dataclass(frozen=True)
class WayRow:
    """A way to pay: the connection that takes the money, and what it is called."""

    id: str = ""
    label: str = ""


class AmountState(rx.State, mixin=True):
    """An amount in dollars, as it is typed, and by which way it is paid: the first, until another is chosen."""

    amount: str = AMOUNTS[1]
    is_other: bool = False
    pay_label: str = "Pay $10.00"
    get_label: str = "10.00 USDC"
    error: str = ""
    ways: list[WayRow] = []
    way: str = ""
    saved_card: WayRow = WayRow()
    """The saved card that pays in one click, without an id where there is none."""
    _click: str = ""
    """The name of the click that is to come: sent twice, it charges once."""

    async def _pay_with_card(self, person: Person, environment: Environment) -> str:
        """Charges the saved card with the chosen amount, and returns the top-up. Raises as `pay_now`."""
        click, self._click = self._click or new_id("clk"), ""
        charging = wiring.get().cards.charging
        return await pay_now(charging, person, environment, self.saved_card.id, self.amount, click)

    def _choose_way(self, way: str) -> None:
        """Takes one of the ways that are offered."""
        if way in [one.id for one in self.ways]:
            self.way, self.error = way, ""

    def _choose(self, amount: str) -> None:
        """Takes one of the amounts, or what was typed."""
        for name, value in chosen(amount).items():
            setattr(self, name, value)


def chosen(amount: str) -> Mapping[str, Any]:
    """Returns the variables of an amount that was chosen, by name."""
    typed = amount[:AMOUNT_CHARACTERS_MAX]
    try:
        cents = check_amount(typed)
    except BadField:
        labels = ("Pay", "")
    else:
        usd, usdc = (format_for_people(nanos_of_cents(cents, unit), unit) for unit in (Unit.USD, Unit.USDC))
        labels = (f"Pay {usd}", usdc)
    return {"amount": typed, "is_other": amount not in AMOUNTS, "error": "", "pay_label": labels[0],
            "get_label": labels[1]}  # fmt: skip


def offered(ways: Sequence[Connection], chosen_before: str) -> Mapping[str, Any]:
    """Returns the variables of the ways to pay, by name; one that was chosen stays, as long as it is offered."""
    rows = [WayRow(way.id, _label(way, len(ways))) for way in ways]
    ids = [row.id for row in rows]
    return {"ways": rows, "way": chosen_before if chosen_before in ids else next(iter(ids), "")}


def saved_card(
    session: db.Session, person: Person | None, environment: Environment, ways: Sequence[Connection], click: str
) -> Mapping[str, Any]:
    """Returns the variables of the card that a person pays with by one click, by name; of nobody there is none."""
    for way in ways if person is not None else ():
        for card in read_settings(session, person, environment, way.id).cards:
            if card.is_default:
                return {"saved_card": WayRow(card.id, card.name), "_click": click or new_id("clk")}
    return {"saved_card": WayRow(), "_click": click or new_id("clk")}


def _label(way: Connection, count: int) -> str:
    if count == 1 or way.environment is Environment.LIVE:
        return "Card"
    return "Sandbox" if way.id == SANDBOX else "Stripe test"
