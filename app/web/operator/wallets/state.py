"""What the page of wallets remembers: which step is asked, and what came of it."""

from collections.abc import Awaitable, Callable
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import wiring
from app.domain.errors import CoinslotError
from app.domain.ids import new_id
from app.domain.money import parse_amount
from app.domain.operators.operators import Operator
from app.flows.disputes.warnings import give_back, let_be
from app.flows.wallets.goodwill import give
from app.flows.wallets.operated import freeze_wallet, thaw_wallet, write_off
from app.web.frame.format import plainly
from app.web.operator.frame.state import OperatorState, Work
from app.web.operator.wallets.rows import WalletsPage, read_wallets_page

WORDS_CHARACTERS_MAX = 200


async def _give_back(operator: Operator, key: str) -> object:
    connection_id, _, warning_id = key.partition(":")
    return await give_back(wiring.get().refunds, operator, connection_id, warning_id)


async def _let_be(operator: Operator, key: str) -> None:
    connection_id, _, warning_id = key.partition(":")
    await let_be(operator, connection_id, warning_id)


_STEPS: dict[str, Callable[[Operator, str], Awaitable[object]]] = {
    "freeze": freeze_wallet, "thaw": thaw_wallet, "write_off": write_off, "give_back": _give_back, "let_be": _let_be,
}  # fmt: skip


class WalletsState(OperatorState, rx.State):
    """One open page of wallets."""

    page: WalletsPage = WalletsPage()
    asking: str = ""
    """Which step is asked of what: `freeze:wal_…`, `give_back:con_…:issfr_…`."""
    error: str = ""
    done: str = ""
    """What was given last, in words."""
    _click: str = ""

    def _work(self) -> Work:
        asked = self.router.url.query_parameters
        words, wallet = (asked.get(name, "").strip()[:WORDS_CHARACTERS_MAX] for name in ("find", "wallet"))
        return lambda session: {"page": read_wallets_page(session, words, wallet)}

    @rx.event
    async def ask(self, step: str) -> EventSpec | None:
        """Asks once before something is done; without a word it no longer asks."""
        if await self._operating() is None:
            return self._leave()
        self.asking, self.error, self.done, self._click = step[:200], "", "", new_id("clk")
        return None

    @rx.event
    async def do_asked(self) -> EventSpec | None:
        """Does what was asked, once for the asking."""
        operator = await self._operating()
        if operator is None:
            return self._leave()
        name, _, subject = self.asking.partition(":")
        self.asking, self.error = "", ""
        step = _STEPS.get(name)
        if step is None:
            return None
        try:
            await step(operator, subject)
        except CoinslotError as error:
            self.error = plainly(error)
        await self._show_again()
        return None

    @rx.event
    async def give(self, form: dict[str, Any]) -> EventSpec | None:
        """Gives the explained wallet what was typed, once for the form that was opened."""
        operator = await self._operating()
        if operator is None:
            return self._leave()
        name, _, wallet_id = self.asking.partition(":")
        if name != "give":
            return None
        self.error = ""
        try:
            nanos = parse_amount(str(form.get("amount", "")).strip()[:40])
            await give(operator, wallet_id, nanos, str(form.get("reason", "")).strip()[:300], self._click)
        except CoinslotError as error:
            self.error = plainly(error)
            return None
        self.asking, self.done = "", "It was given, and its owner can spend it at once."
        await self._show_again()
        return None
