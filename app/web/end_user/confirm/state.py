"""What the page of a bank's wish remembers. Opening it changes nothing; its button begins the confirmation."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db, wiring
from app.domain.cards.tables import ChargeOutcome
from app.domain.errors import CoinslotError
from app.domain.money import CENT_NANOS, Environment, Unit, format_for_people
from app.domain.people.sessions import Person
from app.domain.wallets.shared import OWN_UNITS, shared_account
from app.flows.callers.marks import Subject, purse_subjects
from app.flows.cards.cards import confirm, look_after, read_confirmation
from app.web.frame.live import LivePage
from app.web.frame.routes import token_of
from app.web.frame.session_state import Read, Reader, Subjects, VisitorState, for_a_person

BACK = "back"
"""The parameter by which the page knows that its reader comes from the bank."""


class ConfirmState(VisitorState, rx.State):
    """One open page."""

    amount: str = ""
    card: str = ""
    outcome: str = ""
    is_open: bool = False
    is_sandbox: bool = False
    error: str = ""
    _has_asked: bool = False

    @rx.event(background=True)
    async def watch(self) -> AsyncIterator[EventSpec | None]:
        """Shows what the bank wants confirmed, and what became of it."""
        async for event in self._live(for_a_person(self._reader), _subjects):
            yield event

    async def _look(self, page: LivePage, reader: Reader, subjects: Subjects) -> Person | None:
        """Reads the page; once its reader comes back from the bank, the rail is asked what became of it."""
        person: Person | None = await super()._look(page, reader, subjects)
        async with self:
            comes_back = bool(self.router.url.query_parameters.get(BACK, "")) and not self._has_asked
            self._has_asked = self._has_asked or comes_back
            topup_id = token_of(self.router.url.path)
        if comes_back and person is not None:
            wired = wiring.get()
            await asyncio.shield(wired.keeper.keep(look_after(wired.cards.charging, person, topup_id)))
            page.read_again_in(1)
        return person

    def _reader(self, person: Person) -> Read:
        topup_id = token_of(self.router.url.path)

        def read(session: db.Session) -> dict[str, Any]:
            asked = read_confirmation(session, person, topup_id)
            return {
                "amount": format_for_people(asked.paid_cents * CENT_NANOS, Unit.USD), "card": asked.card,
                "outcome": asked.outcome.value, "is_open": asked.outcome is ChargeOutcome.WAITS,
                "is_sandbox": asked.environment is Environment.SANDBOX,
            }  # fmt: skip

        return read

    @rx.event
    async def begin(self) -> EventSpec | None:
        """Goes to the bank, which asks; or shows what the payment came to meanwhile."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        wired, topup_id = wiring.get(), token_of(self.router.url.path)
        back = f"{wired.links.base_url}/confirm/{topup_id}/?{BACK}=1"
        try:
            url = await confirm(wired.cards.charging, person, topup_id, back)
        except CoinslotError as error:
            self.error = error.message
            return None
        if url is not None:
            return rx.redirect(url)
        self._look_again()
        return None


def _subjects(person: Person | None, _values: Mapping[str, Any]) -> list[Subject]:
    """The person's wallets: their top-ups change with what becomes of the payment."""
    if person is None:
        return []
    own = (shared_account(person.account_id, environment, unit) for environment in Environment for unit in OWN_UNITS)
    return [subject for account in own for subject in purse_subjects(account)]
