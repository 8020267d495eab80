"""Who looks at a page of a paywall, and what they are to it: what the states of those pages have in common.

A page of a section is a state, a component and a line in `app/web/pages.py`:

    class PricesState(PaywallState, rx.State):
        page: PricesPage = PricesPage()

        def _work(self) -> Work:
            search = self.search                      # what the reading needs of the state is taken here, not below
            return lambda session, manager: {"page": read_prices_page(session, manager, search)}

    @paywall_page(sections.PRICES, PricesState)       # frames it, and links it in the navigation
    def prices() -> rx.Component: ...

    Page(routes.PRICES, prices, "Prices · Coinslot", "What your models cost.", PricesState.watch),

Parts of a large page stand in `parts.py` beside its `page.py`. A handler begins with
`manager = await self._managing()`, leaves with `self._leave()` where that is None, gives it to a flow, which asks anew
whether they may, and ends with `await self._show_again()`.
"""

from collections.abc import AsyncIterator, Callable, Hashable, Iterable, Mapping
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db, wiring
from app.domain.errors import NotFound
from app.domain.paywalls.members import Manager, find_manager
from app.domain.people.sessions import Person
from app.flows.callers.marks import About, Subject
from app.web.developer.frame.rows import PaywallHead, read_head
from app.web.frame.routes import paywall_of
from app.web.frame.session_state import Prepared, Read, VisitorState, for_a_person
from app.web.frame.shared import Shareable

Work = Callable[[db.Session, Manager], Mapping[str, Any]]
"""Reads what a section shows to a manager: the values of its variables by name."""


class PaywallState(VisitorState, mixin=True):
    """One open page of a paywall. To whoever is nothing to that paywall there is no such page."""

    paywall: PaywallHead = PaywallHead()

    @rx.event(background=True)
    async def watch(self) -> AsyncIterator[EventSpec | None]:
        """Shows the section, and what changes of it, for as long as the page is open."""
        async for event in self._live(for_a_person(self._reader), self._subjects):
            yield event

    def _work(self) -> Work:
        """Says how the section is read, with what was chosen on the page; of itself a page has the frame alone.

        It is called anew for each reading.
        """
        return lambda _session, _manager: {}

    def _watched(self, _values: Mapping[str, Any]) -> Iterable[Subject]:
        """Says what else may change of what was read; the paywall itself and its settings are watched anyway."""
        return ()

    def _question(self) -> Hashable:
        """Says all that `_work` depends on beside who asks; None where it is read anew for each page."""
        return None

    def _reader(self, person: Person) -> Read:
        return self._prepared().reader(person)

    def _prepared(self) -> Prepared:
        paywall_id, operators, work = self._paywall_id(), wiring.get().settings.operators, self._work()
        question = self._question()

        def reader(person: Person) -> Read:
            def check(session: db.Session) -> Manager:
                return find_manager(session, person, operators, paywall_id)

            def read(session: db.Session) -> dict[str, Any]:
                manager = check(session)
                return {"paywall": read_head(session, person, manager, operators), **work(session, manager)}

            return read if question is None else Shareable(person, (paywall_id, question), check, read)

        return Prepared(None if question is None else (paywall_id, question), for_a_person(reader))

    def _subjects(self, _person: Person | None, values: Mapping[str, Any]) -> list[Subject]:
        return [Subject(About.PAYWALL, values["paywall"].id), *self._watched(values)]

    def _paywall_id(self) -> str:
        """Returns the paywall's id that the address names; whose it is, it does not say."""
        return paywall_of(self.router.url.path)

    async def _managing(self) -> Manager | None:
        """Returns what the visitor is to the paywall right now; None for nobody, who is then to `_leave()`."""
        person = await self._signed_in()
        if person is None:
            return None
        paywall_id, operators = self._paywall_id(), wiring.get().settings.operators
        try:
            return await db.in_transaction(lambda session: find_manager(session, person, operators, paywall_id))
        except NotFound:
            return None

    async def _show_again(self) -> None:
        """Shows at once what a handler changed or chose; what the page's loop is reading just now it reads again."""
        person = await self._signed_in()
        if person is not None:
            self._put(await db.in_transaction(self._reader(person)))
            self._look_again()
