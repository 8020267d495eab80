"""What the page of analytics remembers: nothing but what its address says."""

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import reflex as rx

from app import wiring
from app.flows.callers.marks import About, Subject
from app.web.developer.analytics.reading import GROUPS, read_analytics
from app.web.developer.analytics.rows import AnalyticsPage
from app.web.developer.analytics.wanted import Wanted, wanted_of
from app.web.developer.frame.state import PaywallState, Work


class AnalyticsState(PaywallState, rx.State):
    """One open page of a paywall's analytics."""

    page: AnalyticsPage = AnalyticsPage()

    def _goes_on(self, session_id: str) -> bool:
        return self._is_same_page(session_id)

    def _wanted(self) -> Wanted:
        return wanted_of(self.router.url.query_parameters, GROUPS)

    def _question(self) -> Hashable:
        return ("analytics", self._wanted())

    def _work(self) -> Work:
        wanted = self._wanted()
        base_url = wiring.get().links.base_url
        return lambda session, manager: {"page": read_analytics(session, manager.paywall_id, wanted, base_url)}

    def _watched(self, values: Mapping[str, Any]) -> Iterable[Subject]:
        """What was counted of it last."""
        return [Subject(About.NUMBERS, values["paywall"].id)]
