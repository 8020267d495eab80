"""What the settings remember of cards and auto top-up: what is typed, and what is asked. No card number comes here.

Every handler looks up who is signed in; whose a card is, the flows ask.
"""

from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db, wiring
from app.domain.cards.auto_topup import Consent
from app.domain.cards.rules import Terms
from app.domain.errors import BadField, CoinslotError
from app.domain.ids import new_id
from app.domain.money import CENT_NANOS, Environment, Unit, format_for_people, nanos_of_cents, parse_amount
from app.domain.people.sessions import Person
from app.flows.cards import cards, settings
from app.web.components.topup_state import dollars
from app.web.end_user.settings.cards_rows import CardsPage, read_cards_page
from app.web.frame.format import plainly
from app.web.frame.live import LivePage
from app.web.frame.session_state import Read, Reader, Subjects, VisitorState
from app.wiring.rules import bounds_of, surcharge_of

TYPED_CHARACTERS_MAX = 12
REF_CHARACTERS_MAX = 200
CHECKOUT = "cs_"
"""What the page of a rail is named by on which a card is saved; the sandbox's has told the door itself."""
CARD_RETURN = "/settings/?saved={saved}"


class CardsPart(VisitorState, mixin=True):
    """The cards and the automatic top-up of an open settings page."""

    cards_page: CardsPage = CardsPage()
    threshold: str = ""
    amount: str = ""
    cap: str = ""
    amount_hint: str = ""
    consent: str = ""
    """What is agreed to by the button beneath it; empty while nothing is to be agreed to."""
    asking_card: str = ""
    is_choosing: bool = False
    cards_error: str = ""
    auto_error: str = ""
    auto_unit: str = Unit.USDC.value
    """What the wallet counts whose automatic top-up is shown."""
    _taken_in: str = ""

    async def _look(self, page: LivePage, reader: Reader, subjects: Subjects) -> Person | None:
        """Reads the page; a card whose owner comes back from saving it at a rail's page is read back at once."""
        person: Person | None = await super()._look(page, reader, subjects)
        async with self:
            saved = self.router.url.query_parameters.get("saved", "")[:REF_CHARACTERS_MAX]
            is_new = saved.startswith(CHECKOUT) and saved != self._taken_in
            self._taken_in, where = saved, self.cards_page.connection_id
        if is_new and person is not None and where:
            try:
                await cards.finish_saving(wiring.get().cards.charging, where, person, saved)
            except CoinslotError as error:
                async with self:
                    self.cards_error = plainly(error)
            page.wake()
        return person

    @rx.event
    async def add_card(self) -> EventSpec | None:
        """Goes to the rail's page where a card is saved."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        wired, where = wiring.get(), self.cards_page.connection_id
        try:
            url = await cards.begin_saving(wired.cards.charging, where, person, CARD_RETURN, new_id("clk"))
        except CoinslotError as error:
            self.cards_error = plainly(error)
            return None
        return rx.redirect(url)

    @rx.event
    async def ask_card(self, card_id: str) -> EventSpec | None:
        """Asks once whether a card shall be removed; without an id it no longer asks."""
        if await self._signed_in() is None:
            return self._leave()
        self.asking_card, self.cards_error = card_id[:64], ""
        return None

    @rx.event
    async def remove_card(self, card_id: str) -> EventSpec | None:
        """Removes a card, and switches off the automatic top-up that charges it."""
        return await self._do("cards_error", lambda person: cards.remove(wiring.get().cards.rails, person, card_id))

    @rx.event
    async def make_default(self, card_id: str) -> EventSpec | None:
        """Makes a card the one that is offered first."""
        return await self._do("cards_error", lambda person: cards.make_default(person, card_id))

    @rx.event
    async def type_terms(self, name: str, value: str) -> EventSpec | None:
        """Takes what was typed of the threshold, the amount or the cap, and says what agreeing to it means."""
        if await self._signed_in() is None:
            return self._leave()
        if name in ("threshold", "amount", "cap"):
            setattr(self, name, value[:TYPED_CHARACTERS_MAX])
            self._word()
        return None

    @rx.event
    async def show_unit(self, unit: str) -> EventSpec | None:
        """Shows the automatic top-up of the shared wallet, or of the credits."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        self.auto_unit = Unit.CREDIT.value if unit == Unit.CREDIT else Unit.USDC.value
        self.threshold = self.amount = self.cap = self.consent = self.auto_error = ""
        await self._read_again(person)
        return None

    @rx.event
    async def allow(self) -> EventSpec | None:
        """Switches automatic top-up on, or raises it, with the consent that is shown."""

        async def switch(person: Person) -> None:
            page, terms = self.cards_page, self._terms()
            chosen = next((card.id for card in page.cards if card.is_default and card.may_be_automatic), None)
            card_id = chosen or next((card.id for card in page.cards if card.may_be_automatic), "")
            consent = Consent(self.consent, person.address)
            where, unit = self._environment(), Unit(page.unit)
            await settings.switch_on(person, where, card_id, terms, consent, page.merchant, unit=unit)
            self.consent = ""

        return await self._do("auto_error", switch)

    @rx.event
    async def save_terms(self) -> EventSpec | None:
        """Saves terms that allow no more; for others the consent is shown first."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        try:
            is_saved = await settings.change_terms(person, self._environment(), self._terms(), self._unit())
        except CoinslotError as error:
            self.auto_error = plainly(error)
            return None
        self.auto_error = ""
        if is_saved:
            await self._read_again(person)
        else:
            self._word()
        return None

    @rx.event
    async def switch_off(self) -> EventSpec | None:
        """Switches automatic top-up off."""
        return await self._do(
            "auto_error", lambda person: settings.switch_off(person, self._environment(), self._unit())
        )

    @rx.event
    async def try_now(self) -> EventSpec | None:
        """Lets automatic top-up go on at a click."""

        async def go_on(person: Person) -> None:
            await settings.try_now(wiring.get().cards.topups, person, self._environment(), self._unit())

        return await self._do("auto_error", go_on)

    @rx.event
    async def choose_card(self) -> EventSpec | None:
        """Shows the cards that automatic top-up could use, or hides them."""
        if await self._signed_in() is None:
            return self._leave()
        self.is_choosing = not self.is_choosing
        return None

    @rx.event
    async def use_card(self, card_id: str) -> EventSpec | None:
        """Lets automatic top-up charge another card."""
        self.is_choosing = False
        return await self._do(
            "auto_error", lambda person: settings.use_card(person, self._environment(), card_id, self._unit())
        )

    async def _do(self, error_in: str, act: Any) -> EventSpec | None:
        """Does something for whoever is signed in, says what was wrong, and shows what came of it."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        said = ""
        try:
            await act(person)
        except CoinslotError as error:
            said = plainly(error)
        setattr(self, error_in, said)
        self.asking_card = ""
        await self._read_again(person)
        return None

    def _reader(self, person: Person) -> Read:
        """Returns what reads this part; a page that has more reads that as well."""
        unit = Unit(self.auto_unit)

        def read(session: db.Session) -> dict[str, Any]:
            page = read_cards_page(session, person, unit)
            return {"cards_page": page, **self._shown_of(page)}

        return read

    async def _read_again(self, person: Person) -> None:
        """Shows at once what was changed."""
        self._put(await db.in_transaction(self._reader(person)))

    def _environment(self) -> Environment:
        return Environment(self.cards_page.environment)

    def _unit(self) -> Unit:
        return Unit(self.cards_page.unit)

    def _terms(self) -> Terms:
        """Returns what was typed. Raises BadField, in words for people."""
        typed = {}
        for name in ("threshold", "amount", "cap"):
            try:
                typed[name] = parse_amount(getattr(self, name).strip().removeprefix("$"))
            except BadField:
                raise BadField(name, "Enter amounts such as 5 or 20.50.") from None
        if any(typed[name] % CENT_NANOS for name in ("amount", "cap")):
            raise BadField("amount", "A card can pay whole cents only.")
        bounds = bounds_of(wiring.get().settings)
        if not bounds.admits(typed["amount"] // CENT_NANOS):
            raise BadField("amount", f"Choose an amount to add {bounds}.")
        return _terms_of(typed["threshold"], typed["amount"] // CENT_NANOS, typed["cap"] // CENT_NANOS)

    def _word(self) -> None:
        """Says what the typed terms and agreeing to them mean, or what is wrong with them."""
        try:
            page, terms = self.cards_page, self._terms()
            self.amount_hint = _pays(terms, page.unit)
            self.consent, self.auto_error = settings.consent_of(page.merchant, terms, Unit(page.unit)), ""
        except BadField as error:
            self.consent, self.auto_error = "", plainly(error)

    def _shown_of(self, page: CardsPage) -> dict[str, Any]:
        """Returns what the fields hold while nobody typed into them, and the consent that switching on needs."""
        if self.threshold:
            return {}
        auto = page.auto
        cents = (parse_amount(auto.amount) // CENT_NANOS, parse_amount(auto.cap) // CENT_NANOS)
        terms = _terms_of(parse_amount(auto.threshold), *cents)
        typed = {"threshold": auto.threshold, "amount": auto.amount, "cap": auto.cap,
                 "amount_hint": _pays(terms, page.unit)}  # fmt: skip
        if auto.is_on or not page.connection_id:
            return typed
        return {**typed, "consent": self._consent_to(terms, page)}

    def _consent_to(self, terms: Terms, page: CardsPage) -> str:
        """Returns the words of a consent; none for terms that cannot be any more, as after a fee was raised."""
        try:
            return settings.consent_of(page.merchant, terms, Unit(page.unit))
        except BadField:
            return ""


def _pays(terms: Terms, unit: str) -> str:
    """Returns what an amount to add costs."""
    return (
        f"you pay {dollars(terms.paid_cents)}, fee included"
        if terms.fee_cents
        else f"you get {_gets(terms, Unit(unit))}"
    )


def _gets(terms: Terms, unit: Unit) -> str:
    if unit is Unit.CREDIT:
        return format_for_people(nanos_of_cents(terms.amount_cents, unit), unit)
    return f"the same in {unit}"


def _terms_of(threshold_nanos: int, amount_cents: int, cap_cents: int) -> Terms:
    """Returns terms with what a charge costs beside now, to which their owner agrees as well."""
    fee_cents = surcharge_of(wiring.get().settings).fee_cents(amount_cents)
    return Terms(threshold_nanos, amount_cents, cap_cents, fee_cents)
