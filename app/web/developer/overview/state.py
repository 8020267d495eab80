"""Who looks at a paywall's overview; it remembers nothing of its own."""

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import reflex as rx

from app.flows.callers.marks import About, Subject
from app.web.developer.frame.state import PaywallState, Work
from app.web.developer.overview.rows import OverviewPage, read_overview


class OverviewState(PaywallState, rx.State):
    """One open overview of a paywall."""

    page: OverviewPage = OverviewPage()

    def _work(self) -> Work:
        return lambda session, manager: {"page": read_overview(session, manager)}

    def _question(self) -> Hashable:
        return "overview"

    def _watched(self, values: Mapping[str, Any]) -> Iterable[Subject]:
        """Its connections, and what was counted of it last."""
        return [Subject(about, values["paywall"].id) for about in (About.CONNECTIONS, About.NUMBERS)]
