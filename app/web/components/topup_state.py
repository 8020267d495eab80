"""What pages that take an amount to pay have in common: the amount, the other amount, what is wrong with it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db, wiring
from app.domain.cards.rules import keeping_text
from app.domain.errors import BadField, CoinslotError
from app.domain.ids import new_id
from app.domain.inbox.connections import SANDBOX, Connection
from app.domain.money import Environment, Unit, format_for_people, nanos_of_cents
from app.domain.people.sessions import Person
from app.domain.topups.bounds import check_amount
from app.domain.topups.surcharge import NO_SURCHARGE, Surcharge
from app.flows.cards.cards import pay_now
from app.flows.cards.settings import read_settings
from app.flows.payments.checkout import Wanted, begin_own_topup
from app.flows.payments.offered import reach_offered
from app.web.components.amounts import AMOUNTS, KEEP
from app.web.components.returned import ReturnedState
from app.web.frame.format import plainly
from app.web.frame.session_state import VisitorState
from app.wiring.rules import bounds_of, surcharge_of

AMOUNT_CHARACTERS_MAX = 20


@dataclass(frozen=True)
class WayRow:
    """A way to pay: the connection that takes the money, what it is called, and whether a fee is paid there beside."""

    id: str = ""
    label: str = ""
    has_fee: bool = False


class AmountState(VisitorState, mixin=True):
    """An amount in dollars, as it is typed, and by which way it is paid: the first, until another is chosen.

    `fee_note` says what of it is a fee, `keep_terms` what is agreed to by letting the card be kept that pays, empty
    where none can be kept.
    """

    amount: str = AMOUNTS[1]
    is_other: bool = False
    pay_label: str = "Pay $10.00"
    get_label: str = "10.00 USDC"
    fee_note: str = ""
    keep_terms: str = ""
    error: str = ""
    ways: list[WayRow] = []
    way: str = ""
    saved_card: WayRow = WayRow()
    """The saved card that pays in one click, without an id where there is none."""
    _click: str = ""
    """The name of the click that is to come, until the page is loaded anew: however often sent, it charges once."""

    async def _pay_with_card(self, person: Person, environment: Environment) -> str:
        """Charges the saved card with the chosen amount, and returns the top-up. Raises as `pay_now`."""
        charging, unit = wiring.get().cards.charging, self._unit()
        return await pay_now(charging, person, environment, self.saved_card.id, self.amount, self._click, unit=unit)

    def _unit(self) -> Unit:
        """Returns what the wallet counts that is paid into."""
        return Unit.USDC

    def _amounts(self) -> Sequence[str]:
        """Returns the amounts that are offered, in dollars."""
        return AMOUNTS

    def _asked(self, form: Mapping[str, Any]) -> Wanted:
        """Returns what is asked of a checkout by the form as it was sent."""
        wired = wiring.get()
        cards = wired.cards.rails if form.get(KEEP) else None
        surcharge, bounds = surcharge_of(wired.settings), bounds_of(wired.settings)
        return Wanted(self.amount, surcharge, bounds, cards, self._network(), self._unit())

    def _choose_way(self, way: str) -> None:
        """Takes one of the ways that are offered."""
        if way in [one.id for one in self.ways]:
            self.way, self.error = way, ""
            self._word()

    def _choose(self, amount: str) -> None:
        """Takes one of the amounts, or what was typed."""
        self._put(chosen(amount, self._amounts()))
        self._word()

    def _show(self, person: Person | None, values: Mapping[str, Any]) -> None:
        super()._show(person, values)
        self._word()

    def _word(self) -> None:
        """Says what is paid for the amount by the chosen way, and what one gets."""
        has_fee = any(row.has_fee for row in self.ways if row.id == self.way)
        surcharge = surcharge_of(wiring.get().settings) if has_fee else NO_SURCHARGE
        self._put(said(self.amount, surcharge, self._unit()))


class PayingState(AmountState, ReturnedState, mixin=True):
    """An amount that whoever is signed in pays into a wallet of their own."""

    def _paid_in(self) -> Environment:
        """Returns the environment whose wallet is shown: play money, unless the page says otherwise."""
        return Environment.SANDBOX

    async def _take_way(self, _person: Person, way: str) -> None:
        self._choose_way(way)

    @rx.event
    async def choose(self, amount: str) -> EventSpec | None:
        """Takes one of the amounts, or what was typed."""
        if await self._signed_in() is None:
            return self._leave()
        self._choose(amount)
        return None

    @rx.event
    async def choose_way(self, way: str) -> EventSpec | None:
        """Takes one of the ways to pay."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        await self._take_way(person, way)
        return None

    @rx.event
    async def pay_again(self) -> EventSpec | None:
        """Shows the amounts though a payment is on its way."""
        if await self._signed_in() is None:
            return self._leave()
        self.is_paying_again = True
        return None

    @rx.event
    async def pay(self, form: dict[str, Any]) -> AsyncIterator[EventSpec | None]:
        """Sends the person to pay the chosen amount into the wallet that is shown; `form` may say to keep the card."""
        person = await self._signed_in()
        if person is None:
            yield self._leave()
            return
        try:
            rail = await reach_offered(wiring.get().rails, self.way)
            url = await begin_own_topup(rail, person, self._paid_in(), self._asked(form))
        except CoinslotError as error:
            self.error = plainly(error)
        else:
            yield rx.redirect(url)

    @rx.event
    async def pay_with_card(self) -> EventSpec | None:
        """Charges the saved card for the chosen amount, at once."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        try:
            topup_id = await self._pay_with_card(person, self._paid_in())
        except CoinslotError as error:
            self.error = plainly(error)
            return None
        return rx.redirect(f"/confirm/{topup_id}/")


def chosen(amount: str, amounts: Sequence[str] = AMOUNTS) -> Mapping[str, Any]:
    """Returns the variables of an amount that was chosen, by name."""
    return {"amount": amount[:AMOUNT_CHARACTERS_MAX], "is_other": amount not in amounts, "error": ""}


def said(amount: str, surcharge: Surcharge, unit: Unit) -> Mapping[str, str]:
    """Returns the variables that say what an amount means, by name; of what is no amount they say little."""
    try:
        cents = check_amount(amount, bounds_of(wiring.get().settings))
    except BadField:
        return {"pay_label": "Pay", "get_label": "", "fee_note": ""}
    fee_cents = surcharge.fee_cents(cents)
    gets = format_for_people(nanos_of_cents(cents, unit), unit)
    return {
        "pay_label": f"Pay {dollars(cents + fee_cents)}",
        "get_label": gets,
        "fee_note": fee_words(cents, fee_cents),
    }


def fee_words(cents: int, fee_cents: int) -> str:
    """Returns what of a payment is a fee, beside the cents that are credited; empty where none is."""
    if not fee_cents:
        return ""
    return f"You pay {dollars(cents + fee_cents)}: {dollars(cents)} for your wallet, {dollars(fee_cents)} fee."


def dollars(cents: int) -> str:
    """Returns cents as people read them."""
    return format_for_people(nanos_of_cents(cents, Unit.USD), Unit.USD)


def offered(ways: Sequence[Connection], chosen_before: str) -> Mapping[str, Any]:
    """Returns the variables of the ways to pay, by name; one that was chosen stays, as long as it is offered."""
    rows = [WayRow(way.id, _label(way, len(ways)), way.paywall_id is None) for way in ways]
    ids = [row.id for row in rows]
    return {"ways": rows, "way": chosen_before if chosen_before in ids else next(iter(ids), "")}


def saved_card(
    session: db.Session, person: Person | None, environment: Environment, ways: Sequence[Connection], click: str
) -> Mapping[str, Any]:
    """Returns the variables of the card that a person pays with by one click, and of keeping another, by name.

    Of nobody there is none, and nobody's is kept.
    """
    keep = keeping_text(wiring.get().settings.merchant) if person is not None and ways else ""
    for way in ways if person is not None else ():
        for card in read_settings(session, person, environment, way.id).cards:
            if card.is_default:
                shown = WayRow(card.id, card.name)
                return {"saved_card": shown, "keep_terms": keep, "_click": click or new_id("clk")}
    return {"saved_card": WayRow(), "keep_terms": keep, "_click": click or new_id("clk")}


def _label(way: Connection, count: int) -> str:
    if count == 1 or way.environment is Environment.LIVE:
        return "Card"
    return "Sandbox" if way.id == SANDBOX else "Stripe test"
