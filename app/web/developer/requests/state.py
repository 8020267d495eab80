"""What the list of requests remembers: nothing but what its address says."""

import reflex as rx

from app.web.developer.frame.state import PaywallState, Work
from app.web.developer.requests.rows import ASKED, RequestsPage, Wanted, read_requests_page

WORD_CHARACTERS_MAX = 200


class RequestsState(PaywallState, rx.State):
    """One open list of a paywall's requests."""

    page: RequestsPage = RequestsPage()

    def _goes_on(self, session_id: str) -> bool:
        return self._is_same_page(session_id)

    def _work(self) -> Work:
        asked = self.router.url.query_parameters
        wanted = Wanted(**{name: asked.get(name, "").strip()[:WORD_CHARACTERS_MAX] for name in ASKED})
        before = asked.get("before", "")
        return lambda session, manager: {"page": read_requests_page(session, manager.paywall_id, wanted, before)}
