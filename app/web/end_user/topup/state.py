"""What the wallet page remembers: the chosen amount and what was last read. The link is checked at every event."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import reflex as rx
from reflex.event import EventSpec

from app import db, wiring
from app.domain.errors import BadField, CoinslotError, LinkInvalid, NotFound
from app.domain.money import Unit, format_for_people
from app.flows.links import open_topup
from app.flows.topup_checkout import begin_topup, check_amount, read_topup
from app.web.components.activity_rows import MovementRow
from app.web.end_user.topup.rows import WalletPage, WalletRow, read_page
from app.web.routes import token_of

LOOK_AGAIN_SECONDS = 1.5
ROWS_A_PAGE = 12
ROWS_MAX = 600
AMOUNTS = ("5", "10", "25", "50", "100")
_AWAY = "The wallet cannot be read right now. The page tries again by itself."


class TopupState(rx.State):
    """One open wallet page."""

    phase: str = "loading"
    problem: str = ""
    wallet: WalletRow = WalletRow()
    movements: list[MovementRow] = []
    has_more: bool = False
    amount: str = AMOUNTS[0]
    is_other: bool = False
    pay_label: str = "Pay $5.00"
    error: str = ""
    outcome: str = ""
    outcome_amount: str = ""
    _shown: int = ROWS_A_PAGE

    @rx.event(background=True)
    async def watch(self) -> None:
        """Shows the wallet and whatever lands in it, for as long as the page is open."""
        async with self:
            path, topup_id = self.router.url.path, self.router.url.query_parameters.get("topup", "")
            self.reset()  # type: ignore[no-untyped-call]
        while True:
            try:
                link = open_topup(token_of(path))
                async with self:
                    shown = self._shown
                page = await db.in_transaction(partial(read_page, link=link, shown=shown))
                outcome = await _outcome(token_of(path), topup_id)
            except (LinkInvalid, NotFound) as error:
                async with self:
                    self.phase, self.problem = "invalid", error.message
                return
            except CoinslotError:
                async with self:
                    self.problem = _AWAY
            else:
                await self._show(page, outcome, link.amount_nanos)
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _show(self, page: WalletPage, outcome: tuple[str, str], amount_nanos: int | None) -> None:
        """Sets what changed, and nothing else, so that an idle page is silent."""
        async with self:
            if self.phase == "loading" and amount_nanos is not None:
                self._choose(format_for_people(amount_nanos, Unit.USD).removeprefix("$").replace(",", ""))
            seen = {"wallet": page.wallet, "movements": page.movements, "has_more": page.has_more, "problem": "",
                    "phase": "ready", "outcome": outcome[0], "outcome_amount": outcome[1]}  # fmt: skip
            for name, value in seen.items():
                if getattr(self, name) != value:
                    setattr(self, name, value)

    @rx.event
    def choose(self, amount: str) -> None:
        """Takes one of the amounts, or what was typed."""
        open_topup(token_of(self.router.url.path))
        self._choose(amount)

    def _choose(self, amount: str) -> None:
        self.is_other = amount not in AMOUNTS
        self.amount, self.error = amount[:20], ""
        try:
            self.pay_label = f"Pay {format_for_people(check_amount(self.amount), Unit.USD)}"
        except BadField:
            self.pay_label = "Pay"

    @rx.event
    async def pay(self) -> AsyncIterator[EventSpec | None]:
        """Sends the user to pay the chosen amount, or says why that is not possible."""
        try:
            url = await begin_topup(wiring.get().sandbox, token_of(self.router.url.path), self.amount)
        except BadField as error:
            self.error = error.message
        except LinkInvalid as error:
            self.phase, self.problem = "invalid", error.message
        except CoinslotError as error:
            self.error = error.message
        else:
            yield rx.redirect(url)

    @rx.event
    def show_more(self) -> None:
        """Shows more of the activity with the next reading."""
        open_topup(token_of(self.router.url.path))
        self._shown = min(self._shown + ROWS_A_PAGE, ROWS_MAX)


async def _outcome(token: str, topup_id: str) -> tuple[str, str]:
    """Returns how the top-up ended that the page came back from, and its amount."""
    if not topup_id:
        return "", ""
    try:
        topup = await read_topup(token, topup_id)
    except NotFound:
        return "", ""
    return topup.status, format_for_people(topup.amount_nanos, topup.unit)
