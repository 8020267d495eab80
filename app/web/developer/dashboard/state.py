"""Who looks at the dashboard, and what they own."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import wiring
from app.domain.paywalls.names import list_own_ids
from app.domain.people.sessions import Person
from app.flows.callers.marks import About, Subject
from app.web.developer.dashboard.rows import DashboardPage, read_dashboard
from app.web.developer.frame.rows import CHOICES_MAX
from app.web.frame.session_state import Prepared, Read, VisitorState, for_a_person
from app.web.frame.shared import Shareable

SPANS, DAYS = ("7", "30", "90"), 30


class DashboardState(VisitorState, rx.State):
    """One open dashboard."""

    page: DashboardPage = DashboardPage()

    @rx.event(background=True)
    async def watch(self) -> AsyncIterator[EventSpec | None]:
        """Shows somebody's paywalls, and what changes of them."""
        async for event in self._live(self._prepared().reader, _subjects):
            yield event

    def _prepared(self) -> Prepared:
        asked = self.router.url.query_parameters.get("days", "")
        days = int(asked) if asked in SPANS else DAYS
        operators = wiring.get().settings.operators

        def reader(person: Person) -> Read:
            return Shareable(
                person, ("dashboard", days),
                lambda session: list_own_ids(session, person, operators, CHOICES_MAX + 1),
                lambda session: {"page": read_dashboard(session, person, days)},
            )  # fmt: skip

        return Prepared(("dashboard", days), for_a_person(reader))


def _subjects(person: Person | None, values: Mapping[str, Any]) -> list[Subject]:
    """The person, and each paywall with its connections and what was counted of it."""
    paywalls = [row.id for row in values["page"].paywalls]
    own = [] if person is None else [Subject(About.PERSON, person.account_id)]
    watched = (About.PAYWALL, About.CONNECTIONS, About.NUMBERS)
    return [*own, *(Subject(about, id_) for about in watched for id_ in paywalls)]
