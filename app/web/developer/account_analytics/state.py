"""Who looks at the analytics of their account: nothing is remembered but what the address says."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import wiring
from app.domain.paywalls.names import TOGETHER_MAX, list_own_ids
from app.domain.people.sessions import Person
from app.flows.callers.marks import About, Subject
from app.web.developer.account_analytics.rows import GROUPS, Asking, read_account_analytics
from app.web.developer.analytics.rows import AnalyticsPage
from app.web.developer.analytics.wanted import wanted_of
from app.web.frame.session_state import Prepared, Read, VisitorState, for_a_person
from app.web.frame.shared import Shareable


class AccountAnalyticsState(VisitorState, rx.State):
    """One open page of an account's analytics."""

    page: AnalyticsPage = AnalyticsPage()

    @rx.event(background=True)
    async def watch(self) -> AsyncIterator[EventSpec | None]:
        """Shows what somebody's paywalls came to, and what changes of that."""
        async for event in self._live(self._prepared().reader, _subjects):
            yield event

    def _goes_on(self, session_id: str) -> bool:
        return self._is_same_page(session_id)

    def _prepared(self) -> Prepared:
        wanted = wanted_of(self.router.url.query_parameters, GROUPS)
        parts = wiring.get()
        operators, base_url = parts.settings.operators, parts.links.base_url

        def reader(person: Person) -> Read:
            asking = Asking(person, operators, base_url)
            return Shareable(
                person, ("account analytics", wanted),
                lambda session: list_own_ids(session, person, operators, TOGETHER_MAX),
                lambda session: {"page": read_account_analytics(session, asking, wanted)},
            )  # fmt: skip

        return Prepared(("account analytics", wanted), for_a_person(reader))


def _subjects(person: Person | None, values: Mapping[str, Any]) -> list[Subject]:
    """The person, and what was counted of each paywall that is added up."""
    own = [] if person is None else [Subject(About.PERSON, person.account_id)]
    return [*own, *(Subject(About.NUMBERS, id_) for id_ in values["page"].watched)]
