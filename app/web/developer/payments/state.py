"""What the page of a paywall's payments remembers: what is asked. The key never comes here: the browser posts it."""

from collections.abc import Iterable, Mapping
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import wiring
from app.domain.errors import CoinslotError
from app.flows.callers.marks import About, Subject
from app.flows.paywalls import payments
from app.web.developer.frame.state import PaywallState, Work
from app.web.developer.payments.rows import PaymentsPage, read_payments_page


class PaymentsState(PaywallState, rx.State):
    """One open page of a paywall's payments."""

    page: PaymentsPage = PaymentsPage()
    said: str = ""
    asking: str = ""
    is_changing: bool = False
    error: str = ""

    def _work(self) -> Work:
        said = self.router.url.query_parameters.get("said", "")[:20]
        return lambda session, manager: {"page": read_payments_page(session, manager.paywall_id), "said": said}

    def _watched(self, values: Mapping[str, Any]) -> Iterable[Subject]:
        """The connections of the paywall."""
        return [Subject(About.CONNECTIONS, values["paywall"].id)]

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
        manager = await self._managing()
        if manager is None:
            return self._leave()
        try:
            await payments.disconnect(manager, connection_id)
        except CoinslotError as error:
            self.error = error.message
        self.asking = ""
        await self._show_again()
        return None

    @rx.event
    async def forget(self, connection_id: str) -> EventSpec | None:
        """Deletes the key of an account that was disconnected."""
        manager = await self._managing()
        if manager is None:
            return self._leave()
        try:
            await payments.forget(wiring.get().stripe.endpoints, manager, connection_id)
        except CoinslotError as error:
            self.error = error.message
        self.asking = ""
        await self._show_again()
        return None
