"""What the page of alerts remembers: what is wrong with what was typed, and how often it was saved."""

from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import wiring
from app.domain.errors import CoinslotError
from app.domain.money import parse_amount
from app.flows.paywalls.change import change
from app.flows.paywalls.profile import Alerting
from app.web.developer.alerts.rows import AlertsPage, read_alerts_page
from app.web.developer.frame.state import PaywallState, Work
from app.web.frame.format import plainly


class AlertsState(PaywallState, rx.State):
    """One open page of a paywall's alerts."""

    page: AlertsPage = AlertsPage()
    error: str = ""
    saved: int = 0

    def _work(self) -> Work:
        return lambda session, manager: {"page": read_alerts_page(session, manager.paywall_id)}

    @rx.event
    async def save(self, form: dict[str, Any]) -> EventSpec | None:
        """Keeps the amount that was typed; an empty field is for nobody who wants to be told of an amount."""
        manager = await self._managing()
        if manager is None:
            return self._leave()
        self.error = ""
        try:
            typed = str(form.get("monthly", "")).strip()[:40]
            nanos = parse_amount(typed) if form.get("is_told") else None
            await change(manager, wiring.get().parts.alerts, Alerting(nanos))
        except CoinslotError as error:
            self.error = plainly(error)
            return None
        self.saved += 1
        await self._show_again()
        return None
