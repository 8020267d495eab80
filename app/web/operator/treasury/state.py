"""What the page of the treasury remembers: which step is asked, and what came of it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import wiring
from app.domain.errors import BadField, CoinslotError
from app.domain.operators.operators import Operator
from app.flows.callers.marks import About, Subject
from app.flows.settlement.requesting import (
    approve_batch,
    approve_payout,
    book_for_operator,
    book_for_paywall,
    book_for_wallet,
    hurry_payout,
    pause_payouts,
    resume_payouts,
    withdraw_payout,
)
from app.web.frame.format import plainly
from app.web.operator.frame.state import OperatorState, Work
from app.web.operator.treasury.rows import TreasuryPage, read_treasury_page

WORD_CHARACTERS_MAX = 100


async def _pause(operator: Operator, chain_id: str) -> None:
    await pause_payouts(operator, _chain(chain_id))


async def _resume(operator: Operator, chain_id: str) -> None:
    await resume_payouts(operator, wiring.get().settlement.rail(_chain(chain_id)).treasury)


def _chain(word: str) -> int:
    if not word.isdecimal() or len(word) > 12:
        raise BadField("chain", "There is no such chain.")
    return int(word)


_STEPS: dict[str, Callable[[Operator, str], Awaitable[object]]] = {
    "approve": approve_payout, "approve-batch": approve_batch,
    "withdraw": withdraw_payout, "hurry": hurry_payout, "pause": _pause, "resume": _resume,
}  # fmt: skip


class TreasuryState(OperatorState, rx.State):
    """One open page of the treasury."""

    page: TreasuryPage = TreasuryPage()
    asking: str = ""
    """Which step is asked of what: `approve:pay_…`, `pause:31337`, `book:out_…`."""
    error: str = ""

    def _work(self) -> Work:
        return lambda session: {"page": read_treasury_page(session)}

    def _about(self, values: Mapping[str, Any]) -> list[Subject]:
        return [Subject(About.CHAIN, row.id) for row in values["page"].chains]

    @rx.event
    async def ask(self, step: str) -> EventSpec | None:
        """Asks once before something is done; without a word it no longer asks."""
        if await self._operating() is None:
            return self._leave()
        self.asking, self.error = step[:WORD_CHARACTERS_MAX], ""
        return None

    @rx.event
    async def do_asked(self) -> EventSpec | None:
        """Does what was asked, once for the asking."""
        operator = await self._operating()
        if operator is None:
            return self._leave()
        name, _, about = self.asking.partition(":")
        step = _STEPS.get(name)
        self.asking = ""
        if step is not None:
            await self._try(step(operator, about))
        return None

    @rx.event
    async def book(self, form: dict[str, Any]) -> EventSpec | None:
        """Books a transfer out of the treasury: for a paywall or a wallet, or without either as the operator's own."""
        operator = await self._operating()
        if operator is None:
            return self._leave()
        word = {name: str(form.get(name, "")).strip()[:WORD_CHARACTERS_MAX] for name in ("id", "paywall")}
        if word["paywall"].startswith("wal_"):
            await self._try(book_for_wallet(operator, word["id"], word["paywall"]))
        elif word["paywall"]:
            await self._try(book_for_paywall(operator, word["id"], word["paywall"]))
        else:
            await self._try(book_for_operator(operator, word["id"]))
        return None

    async def _try(self, step: Awaitable[object]) -> None:
        self.error = ""
        try:
            await step
        except CoinslotError as error:
            self.error = plainly(error)
        else:
            self.asking = ""
        await self._show_again()
