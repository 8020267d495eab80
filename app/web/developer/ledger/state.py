"""What the ledger remembers: nothing but what its address says."""

import reflex as rx

from app.web.developer.frame.state import PaywallState, Work
from app.web.developer.ledger.rows import LedgerPage, Wanted, read_ledger_page

WORD_CHARACTERS_MAX = 128


class LedgerState(PaywallState, rx.State):
    """One open ledger of a paywall."""

    page: LedgerPage = LedgerPage()

    def _goes_on(self, session_id: str) -> bool:
        return self._is_same_page(session_id)

    def _work(self) -> Work:
        asked = self.router.url.query_parameters
        words = {name: asked.get(name, "").strip()[:WORD_CHARACTERS_MAX] for name in ("account", "user", "day")}
        wanted = Wanted(**words, before=asked.get("before", ""))
        return lambda session, manager: {"page": read_ledger_page(session, manager.paywall_id, wanted)}
