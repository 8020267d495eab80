"""What the page of paywalls remembers: nothing of its own; what was looked for stands in the address."""

import reflex as rx

from app.web.operator.frame.state import OperatorState, Work
from app.web.operator.paywalls.rows import PaywallsPage, read_paywalls_page


class PaywallsState(OperatorState, rx.State):
    """One open page of paywalls."""

    page: PaywallsPage = PaywallsPage()

    def _work(self) -> Work:
        words = self._words()
        return lambda session: {"page": read_paywalls_page(session, words)}
