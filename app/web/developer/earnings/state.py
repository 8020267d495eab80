"""Who looks at their earnings."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db
from app.domain.people.sessions import Person
from app.flows.callers.marks import About, Subject
from app.web.developer.earnings.rows import EarningsPage, read_earnings_page
from app.web.frame.session_state import Read, VisitorState, for_a_person


class EarningsState(VisitorState, rx.State):
    """One open page of earnings."""

    page: EarningsPage = EarningsPage()

    @rx.event(background=True)
    async def watch(self) -> AsyncIterator[EventSpec | None]:
        """Shows what somebody's paywalls have earned, and what changes of that."""
        async for event in self._live(for_a_person(_reader), _subjects):
            yield event


def _reader(person: Person) -> Read:
    def read(session: db.Session) -> dict[str, Any]:
        return {"page": read_earnings_page(session, person)}

    return read


def _subjects(person: Person | None, values: Mapping[str, Any]) -> list[Subject]:
    """The person, and what was counted of each paywall, which follows its charges."""
    own = [] if person is None else [Subject(About.PERSON, person.account_id)]
    return [*own, *(Subject(About.NUMBERS, row.id) for row in values["page"].paywalls)]
