"""What the page of credits remembers: the amount to add, and how it is paid."""

from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db, wiring
from app.domain.errors import NotFound
from app.domain.money import Environment, Unit
from app.domain.people.sessions import Person
from app.domain.wallets.shared import shared_account
from app.flows.callers.marks import Subject, purse_subjects
from app.flows.payments.checkout import read_own_topup
from app.flows.payments.offered import list_own_offered
from app.web.components.refunds.state import RefundsPart
from app.web.components.topup_state import PayingState, offered, saved_card
from app.web.end_user.credits.rows import NEWEST, SHOWN_MAX, CreditsPage, read_credits
from app.web.frame.session_state import Read, for_a_person
from app.wiring.rules import credits_environment_of, packs_of

MORE = 25


class CreditsState(PayingState, RefundsPart, rx.State):
    """One open page of credits."""

    page: CreditsPage = CreditsPage()
    packs: list[str] = []
    _shown: int = NEWEST

    @rx.event(background=True)
    async def watch(self) -> AsyncIterator[EventSpec | None]:
        """Shows the credits and whatever becomes of them, for as long as the page is open."""
        async for event in self._live(for_a_person(self._reader), _subjects):
            yield event

    @rx.event
    async def show_more(self) -> EventSpec | None:
        """Shows older movements too."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        self._shown = min(self._shown + MORE, SHOWN_MAX)
        self._put(await db.in_transaction(self._reader(person)))
        return None

    def _unit(self) -> Unit:
        return Unit.CREDIT

    def _paid_in(self) -> Environment:
        return _environment()

    def _amounts(self) -> Sequence[str]:
        return self.packs

    def _reader(self, person: Person) -> Read:
        click, way, topup_id = self._click, self.way, self.router.url.query_parameters.get("topup", "")
        count = self._shown
        return partial(_read, person=person, topup_id=topup_id, way=way, click=click, count=count)


def _environment() -> Environment:
    return credits_environment_of(wiring.get().settings)


def _read(
    session: db.Session, person: Person, topup_id: str, way: str, click: str, count: int = NEWEST
) -> dict[str, Any]:
    environment = _environment()
    page = read_credits(session, person, environment, count)
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
