"""What the list of users remembers: nothing but what its address says."""

import reflex as rx

from app.web.developer.frame.state import PaywallState, Work
from app.web.developer.users.rows import UsersPage, Wanted, read_users_page

SEARCH_CHARACTERS_MAX = 128


class UsersState(PaywallState, rx.State):
    """One open list of a paywall's users."""

    page: UsersPage = UsersPage()

    def _goes_on(self, session_id: str) -> bool:
        return self._is_same_page(session_id)

    def _work(self) -> Work:
        asked = self.router.url.query_parameters
        wanted = Wanted(asked.get("user", "").strip()[:SEARCH_CHARACTERS_MAX], asked.get("state", ""),
                        asked.get("before", ""))  # fmt: skip
        return lambda session, manager: {"page": read_users_page(session, manager.paywall_id, wanted)}
