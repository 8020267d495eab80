"""What the page of health remembers: nothing of its own."""

import reflex as rx

from app.web.operator.frame.state import OperatorState, Work
from app.web.operator.health.rows import HealthPage, read_health_page


class HealthState(OperatorState, rx.State):
    """One open page of this instance's health."""

    page: HealthPage = HealthPage()

    def _work(self) -> Work:
        return lambda session: {"page": read_health_page(session)}
