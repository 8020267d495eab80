"""Who looks at a page of operators. To everybody else there is no such page."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db, wiring
from app.domain.errors import NotFound
from app.domain.operators.operators import Operator, find_operator
from app.domain.people.sessions import Person
from app.flows.callers.marks import About, Subject
from app.web.frame.session_state import Read, VisitorState, for_a_person

WORDS_CHARACTERS_MAX = 200
Work = Callable[[db.Session], Mapping[str, Any]]
"""Reads what a page shows to operators: the values of its variables by name."""


class OperatorState(VisitorState, mixin=True):
    """One open page of operators."""

    @rx.event(background=True)
    async def watch(self) -> AsyncIterator[EventSpec | None]:
        """Shows the page for as long as it is open."""
        async for event in self._live(for_a_person(self._reader), self._subjects):
            yield event

    def _work(self) -> Work:
        """Says how the page is read, with what was chosen on it; it is called anew for each reading."""
        return lambda _session: {}

    def _reader(self, person: Person) -> Read:
        work, operators = self._work(), wiring.get().settings.operators

        def read(session: db.Session) -> Mapping[str, Any]:
            find_operator(person, operators)
            return work(session)

        return read

    def _words(self) -> str:
        """Returns what was looked for, as the address says."""
        return self.router.url.query_parameters.get("find", "").strip()[:WORDS_CHARACTERS_MAX]

    def _about(self, _values: Mapping[str, Any]) -> list[Subject]:
        """Returns what of the page may change by itself."""
        return []

    def _subjects(self, person: Person | None, values: Mapping[str, Any]) -> list[Subject]:
        return [] if person is None else [Subject(About.PERSON, person.account_id), *self._about(values)]

    async def _operating(self) -> Operator | None:
        """Returns the visitor as an operator right now; None for anybody else, who is then to `_leave()`."""
        person = await self._signed_in()
        if person is None:
            return None
        try:
            return find_operator(person, wiring.get().settings.operators)
        except NotFound:
            return None

    async def _show_again(self) -> None:
        """Shows at once what a handler changed."""
        person = await self._signed_in()
        if person is not None:
            self._put(await db.in_transaction(self._reader(person)))
            self._look_again()
