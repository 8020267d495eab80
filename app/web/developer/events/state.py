"""What the page of events remembers: what is asked, and what came of it. Secrets never come here."""

from collections.abc import Coroutine, Iterable, Mapping
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import wiring
from app.domain.errors import CoinslotError
from app.flows.callers.marks import About, Subject
from app.flows.paywalls import webhooks
from app.web.developer.events.rows import EventsPage, Wanted, read_events_page
from app.web.developer.frame.state import PaywallState, Work
from app.web.frame.format import plainly


class EventsState(PaywallState, rx.State):
    """One open page of a paywall's events."""

    page: EventsPage = EventsPage()
    asking: str = ""
    error: str = ""
    said: str = ""

    def _work(self) -> Work:
        asked = self.router.url.query_parameters
        wanted = Wanted(asked.get("status", ""), asked.get("before", ""))
        return lambda session, manager: {"page": read_events_page(session, manager, wanted)}

    def _watched(self, _values: Mapping[str, Any]) -> Iterable[Subject]:
        return [Subject(About.DELIVERIES, self._paywall_id())]

    @rx.event
    async def ask(self, what: str) -> EventSpec | None:
        """Opens a form, or the question that a step asks once; without a name it closes what is open."""
        if await self._managing() is None:
            return self._leave()
        self.asking, self.error, self.said = what[:100], "", ""
        return None

    @rx.event
    async def look(self) -> EventSpec | None:
        """Shows what one of our routes has changed meanwhile."""
        if await self._managing() is None:
            return self._leave()
        await self._show_again()
        return None

    @rx.event
    async def pause(self, subscription_id: str) -> EventSpec | None:
        """Ends deliveries to a subscription."""
        manager = await self._managing()
        if manager is None:
            return self._leave()
        await self._do(webhooks.deactivate_subscription(manager, subscription_id), "Paused.")
        return None

    @rx.event
    async def resume(self, subscription_id: str) -> EventSpec | None:
        """Delivers to a subscription again, from what happens now on."""
        manager, wired = await self._managing(), wiring.get()
        if manager is None:
            return self._leave()
        active = {"isActive": True}
        step = webhooks.change_subscription(wired.box, wired.messenger, manager, subscription_id, active)
        await self._do(step, "Active again.")
        return None

    @rx.event
    async def send_test(self, form: dict[str, Any]) -> EventSpec | None:
        """Sends an example of an event to one subscription."""
        manager = await self._managing()
        if manager is None:
            return self._leave()
        to, type_ = str(form.get("to", "")), str(form.get("type", ""))
        await self._do(webhooks.send_test_event(manager, to, type_), "The test event is on its way.")
        return None

    @rx.event
    async def replay(self, delivery_id: str) -> EventSpec | None:
        """Sends an event to its subscription again."""
        manager = await self._managing()
        if manager is None:
            return self._leave()
        await self._do(webhooks.replay_delivery(manager, delivery_id), "Sent again; it stands first below.")
        return None

    async def _do(self, step: Coroutine[Any, Any, object], said: str) -> None:
        """Takes a step, and says so, or why not."""
        try:
            await step
        except CoinslotError as error:
            self.error = plainly(error)
            return
        self.asking, self.error, self.said = "", "", said
        await self._show_again()
