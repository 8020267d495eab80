"""Who looks at the dashboard, and what they own."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db
from app.domain.people.sessions import Person
from app.flows.callers.marks import About, Subject
from app.web.developer.dashboard.rows import DashboardPage, read_dashboard
from app.web.frame.session_state import Read, VisitorState, for_a_person

SPANS, DAYS = ("7", "30", "90"), 30


class DashboardState(VisitorState, rx.State):
    """One open dashboard."""

    page: DashboardPage = DashboardPage()

    @rx.event(background=True)
    async def watch(self) -> AsyncIterator[EventSpec | None]:
        """Shows somebody's paywalls, and what changes of them."""
        async for event in self._live(for_a_person(self._reader), _subjects):
            yield event

    def _reader(self, person: Person) -> Read:
        asked = self.router.url.query_parameters.get("days", "")
        days = int(asked) if asked in SPANS else DAYS

        def read(session: db.Session) -> dict[str, Any]:
            return {"page": read_dashboard(session, person, days)}

        return read


def _subjects(person: Person | None, values: Mapping[str, Any]) -> list[Subject]:
    """The person, and each paywall with its connections and what was counted of it."""
    paywalls = [row.id for row in values["page"].paywalls]
    own = [] if person is None else [Subject(About.PERSON, person.account_id)]
    watched = (About.PAYWALL, About.CONNECTIONS, About.NUMBERS)
    return [*own, *(Subject(about, id_) for about in watched for id_ in paywalls)]
