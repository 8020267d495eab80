"""What the page of credits remembers: the amount to add, and how it is paid."""

from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db, wiring
from app.domain.errors import CoinslotError, NotFound
from app.domain.money import Environment, Unit
from app.domain.people.sessions import Person
from app.domain.wallets.shared import shared_account
from app.flows.callers.marks import Subject, purse_subjects
from app.flows.payments.checkout import begin_own_topup, read_own_topup
from app.flows.payments.offered import list_own_offered, reach_offered
from app.web.components.refunds.state import RefundsPart
from app.web.components.returned import ReturnedState
from app.web.components.topup_state import AmountState, offered, saved_card
from app.web.end_user.credits.rows import CreditsPage, read_credits
from app.web.frame.session_state import Read, for_a_person
from app.wiring.rules import credits_environment_of, packs_of


class CreditsState(AmountState, RefundsPart, ReturnedState, rx.State):
    """One open page of credits."""

    page: CreditsPage = CreditsPage()
    packs: list[str] = []

    @rx.event(background=True)
    async def watch(self) -> AsyncIterator[EventSpec | None]:
        """Shows the credits and whatever becomes of them, for as long as the page is open."""
        async for event in self._live(for_a_person(self._reader), _subjects):
            yield event

    def _unit(self) -> Unit:
        return Unit.CREDIT

    def _amounts(self) -> Sequence[str]:
        return self.packs

    def _reader(self, person: Person) -> Read:
        click, way, topup_id = self._click, self.way, self.router.url.query_parameters.get("topup", "")
        return partial(_read, person=person, topup_id=topup_id, way=way, click=click)

    @rx.event
    async def choose(self, amount: str) -> EventSpec | None:
        """Takes one of the packs, or what was typed."""
        if await self._signed_in() is None:
            return self._leave()
        self._choose(amount)
        return None

    @rx.event
    async def choose_way(self, way: str) -> EventSpec | None:
        """Takes one of the ways to pay."""
        if await self._signed_in() is None:
            return self._leave()
        self._choose_way(way)
        return None

    @rx.event
    async def pay_again(self) -> EventSpec | None:
        """Shows the packs though a payment is on its way."""
        if await self._signed_in() is None:
            return self._leave()
        self.is_paying_again = True
        return None

    @rx.event
    async def pay(self, form: dict[str, Any]) -> AsyncIterator[EventSpec | None]:
        """Sends the person to pay for what was chosen; `form` may say to keep the card."""
        person = await self._signed_in()
        if person is None:
            yield self._leave()
            return
        try:
            rail = await reach_offered(wiring.get().rails, self.way)
            url = await begin_own_topup(rail, person, _environment(), self._asked(form))
        except CoinslotError as error:
            self.error = error.message
        else:
            yield rx.redirect(url)

    @rx.event
    async def pay_with_card(self) -> EventSpec | None:
        """Charges the saved card for what was chosen, at once."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        try:
            topup_id = await self._pay_with_card(person, _environment())
        except CoinslotError as error:
            self.error = error.message
            return None
        return rx.redirect(f"/confirm/{topup_id}/")


def _environment() -> Environment:
    return credits_environment_of(wiring.get().settings)


def _read(session: db.Session, person: Person, topup_id: str, way: str, click: str) -> dict[str, Any]:
    environment = _environment()
    page = read_credits(session, person, environment)
    ways = list_own_offered(session, environment) if page.purse.is_offered else []
    outcome, goes_back = "", False
    if topup_id:
        try:
            topup = read_own_topup(session, person, environment, topup_id, Unit.CREDIT)
        except NotFound:
            pass
        else:
            outcome, goes_back = topup.status.value, topup.goes_back
    packs = [str(dollars) for dollars in packs_of(wiring.get().settings)]
    return {"page": page, "packs": packs, "outcome": outcome, "goes_back": goes_back, **offered(ways, way),
            **saved_card(session, person, environment, ways, click)}  # fmt: skip


def _subjects(person: Person | None, _values: Mapping[str, Any]) -> list[Subject]:
    if person is None:
        return []
    return list(purse_subjects(shared_account(person.account_id, _environment(), Unit.CREDIT)))
