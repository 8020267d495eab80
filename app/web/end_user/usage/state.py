"""What the page of usage remembers: nothing but what was read."""

from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db
from app.domain.money import Environment
from app.domain.people.sessions import Person
from app.domain.wallets.shared import OWN_UNITS, shared_account
from app.flows.callers.marks import About, Subject, purse_subjects
from app.web.end_user.usage.rows import UsagePage, read_usage_page
from app.web.frame.session_state import Read, VisitorState, for_a_person


class UsageState(VisitorState, rx.State):
    """One open page of usage."""

    page: UsagePage = UsagePage()

    @rx.event(background=True)
    async def watch(self) -> AsyncIterator[EventSpec | None]:
        """Shows what is used, and more as it comes."""
        async for event in self._live(for_a_person(self._reader), _subjects):
            yield event

    def _reader(self, person: Person) -> Read:
        return partial(_read, person=person)


def _read(session: db.Session, person: Person) -> dict[str, Any]:
    return {"page": read_usage_page(session, person)}


def _subjects(person: Person | None, _values: Mapping[str, Any]) -> list[Subject]:
    if person is None:
        return []
    own = [shared_account(person.account_id, environment, unit) for environment in Environment for unit in OWN_UNITS]
    # What costs nothing moves no balance.
    uses = [Subject(About.USES, account.owner) for account in own]
    return [*uses, *(subject for account in own for subject in purse_subjects(account))]
