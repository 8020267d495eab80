"""What the page of a paywall's payments remembers: what is asked. The key never comes here: the browser posts it."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db, wiring
from app.domain.errors import CoinslotError
from app.domain.paywalls.members import Manager, find_manager
from app.domain.people.sessions import Person
from app.flows.callers.marks import About, Subject
from app.flows.paywalls import payments
from app.web.developer.payments.rows import PaymentsPage, read_payments_page
from app.web.frame.routes import paywall_of
from app.web.frame.session_state import Read, VisitorState, for_a_person


class PaymentsState(VisitorState, rx.State):
    """One open page of a paywall's payments."""

    page: PaymentsPage = PaymentsPage()
    said: str = ""
    asking: str = ""
    is_changing: bool = False
    error: str = ""

    @rx.event(background=True)
    async def watch(self) -> AsyncIterator[EventSpec | None]:
        """Shows the connections, and how they fare."""
        async for event in self._live(for_a_person(self._reader), _subjects):
            yield event

    def _reader(self, person: Person) -> Read:
        paywall_id, said = paywall_of(self.router.url.path), self.router.url.query_parameters.get("said", "")

        def read(session: db.Session) -> dict[str, Any]:
            return {"page": read_payments_page(session, person, paywall_id), "said": said[:20]}

        return read

    @rx.event
    async def change_key(self) -> EventSpec | None:
        """Shows the field for another key, or hides it."""
        if await self._signed_in() is None:
            return self._leave()
        self.is_changing, self.error = not self.is_changing, ""
        return None

    @rx.event
    async def ask(self, what: str) -> EventSpec | None:
        """Asks once before something is taken away; without a name it no longer asks."""
        if await self._signed_in() is None:
            return self._leave()
        self.asking, self.error = what[:64], ""
        return None

    @rx.event
    async def disconnect(self, connection_id: str) -> EventSpec | None:
        """Lets an account take no new payments."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        try:
            await payments.disconnect(await self._manager(person), connection_id)
        except CoinslotError as error:
            self.error = error.message
        self.asking = ""
        await self._read_again(person)
        return None

    @rx.event
    async def forget(self, connection_id: str) -> EventSpec | None:
        """Deletes the key of an account that was disconnected."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        try:
            await payments.forget(wiring.get().stripe.endpoints, await self._manager(person), connection_id)
        except CoinslotError as error:
            self.error = error.message
        self.asking = ""
        await self._read_again(person)
        return None

    async def _manager(self, person: Person) -> Manager:
        """Returns what the person is to the paywall. Raises NotFound."""
        paywall_id, operators = paywall_of(self.router.url.path), wiring.get().settings.operators
        return await db.in_transaction(lambda session: find_manager(session, person, operators, paywall_id))

    async def _read_again(self, person: Person) -> None:
        """Shows at once what was changed."""
        self._put(await db.in_transaction(self._reader(person)))


def _subjects(_person: Person | None, values: Mapping[str, Any]) -> list[Subject]:
    """The connections of the paywall, and who may see them."""
    return [Subject(About.CONNECTIONS, values["page"].paywall_id)]
