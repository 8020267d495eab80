"""What the page of wallets remembers: which step is asked, and what came of it."""

from collections.abc import Awaitable, Callable

import reflex as rx
from reflex.event import EventSpec

from app.domain.errors import CoinslotError
from app.domain.operators.operators import Operator
from app.flows.wallets.operated import freeze_wallet, thaw_wallet, write_off
from app.web.operator.frame.state import OperatorState, Work
from app.web.operator.wallets.rows import WalletsPage, read_wallets_page

WORDS_CHARACTERS_MAX = 200
_STEPS: dict[str, Callable[[Operator, str], Awaitable[object]]] = {
    "freeze": freeze_wallet, "thaw": thaw_wallet, "write_off": write_off,
}  # fmt: skip


class WalletsState(OperatorState, rx.State):
    """One open page of wallets."""

    page: WalletsPage = WalletsPage()
    asking: str = ""
    """Which step is asked of which wallet: `freeze:wal_…`."""
    error: str = ""

    def _work(self) -> Work:
        words = self.router.url.query_parameters.get("find", "").strip()[:WORDS_CHARACTERS_MAX]
        return lambda session: {"page": read_wallets_page(session, words)}

    @rx.event
    async def ask(self, step: str) -> EventSpec | None:
        """Asks once before something is done; without a word it no longer asks."""
        if await self._operating() is None:
            return self._leave()
        self.asking, self.error = step[:100], ""
        return None

    @rx.event
    async def do_asked(self) -> EventSpec | None:
        """Does what was asked, once for the asking."""
        operator = await self._operating()
        if operator is None:
            return self._leave()
        name, _, wallet_id = self.asking.partition(":")
        self.asking, self.error = "", ""
        step = _STEPS.get(name)
        if step is None:
            return None
        try:
            await step(operator, wallet_id)
        except CoinslotError as error:
            self.error = error.message
        await self._show_again()
        return None
