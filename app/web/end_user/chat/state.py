"""What the chat page remembers: what its person has. Nothing that is said comes here; the browser reads it itself."""

from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db, wiring
from app.domain.money import Unit
from app.domain.people.sessions import Person
from app.domain.wallets.shared import shared_account
from app.flows.callers.marks import Subject, purse_subjects
from app.web.end_user.credits.rows import CreditsRow, read_purse
from app.web.frame.session_state import Read, VisitorState, for_a_person
from app.wiring.rules import credits_environment_of


class ChatState(VisitorState, rx.State):
    """One open chat page."""

    purse: CreditsRow = CreditsRow()

    @rx.event(background=True)
    async def watch(self) -> AsyncIterator[EventSpec | None]:
        """Shows what there is to spend, and whatever becomes of it."""
        async for event in self._live(for_a_person(self._reader), _subjects):
            yield event

    def _reader(self, person: Person) -> Read:
        return partial(_read, person=person)


def _read(session: db.Session, person: Person) -> dict[str, Any]:
    return {"purse": read_purse(session, person, credits_environment_of(wiring.get().settings))}


def _subjects(person: Person | None, _values: Mapping[str, Any]) -> list[Subject]:
    if person is None:
        return []
    environment = credits_environment_of(wiring.get().settings)
    return list(purse_subjects(shared_account(person.account_id, environment, Unit.CREDIT)))
