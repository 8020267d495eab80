"""What the top-up page remembers: the chosen amount and what was last read. The link is checked at every event.

In default mode the link is the credential; in shared mode whoever is signed in tops up their own wallet.
"""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import reflex as rx
from reflex.event import EventSpec

from app import db, wiring
from app.domain.errors import CoinslotError, LinkInvalid, NotFound, NotSignedIn
from app.domain.money import Unit, format_for_people
from app.domain.people.sessions import Person
from app.flows.links import open_topup
from app.flows.sign_in import find_person
from app.flows.topup_checkout import begin_topup, read_topup
from app.web.components.activity_rows import MovementRow
from app.web.components.topup_state import AmountState
from app.web.end_user.topup.rows import WalletPage, WalletRow, read_page
from app.web.routes import sign_in_path, token_of
from app.web.session_state import AWAY, LOOK_AGAIN_SECONDS, VisitorState, cookie_in

ROWS_A_PAGE = 12
ROWS_MAX = 600


class TopupState(AmountState, VisitorState, rx.State):
    """One open top-up page."""

    wallet: WalletRow = WalletRow()
    movements: list[MovementRow] = []
    has_more: bool = False
    outcome: str = ""
    outcome_amount: str = ""
    _shown: int = ROWS_A_PAGE

    @rx.event(background=True)
    async def watch(self) -> AsyncIterator[EventSpec | None]:
        """Shows the wallet and whatever lands in it, for as long as the page is open."""
        async with self:
            path, topup_id = self.router.url.path, self.router.url.query_parameters.get("topup", "")
            cookie = cookie_in(self.router.headers.cookie, "session")
            self.reset()  # type: ignore[no-untyped-call]
        while True:
            try:
                link, person = open_topup(token_of(path)), await find_person(cookie)
                async with self:
                    shown = self._shown
                page = await db.in_transaction(partial(read_page, link=link, shown=shown, person=person))
                outcome = await _outcome(token_of(path), topup_id, person)
            except NotSignedIn:
                yield rx.redirect(sign_in_path(path))
                return
            except (LinkInvalid, NotFound) as error:
                async with self:
                    self.phase, self.problem = "invalid", error.message
                return
            except CoinslotError:
                async with self:
                    self.problem = AWAY
            else:
                await self._show(page, outcome, person, link.amount_nanos)
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _show(
        self, page: WalletPage, outcome: tuple[str, str], person: Person | None, amount_nanos: int | None
    ) -> None:
        async with self:
            if self.phase == "loading" and amount_nanos is not None:
                self._choose(format_for_people(amount_nanos, Unit.USD).removeprefix("$").replace(",", ""))
            shown = person if page.wallet.is_shared else None
            self._session_id = shown.session_id if shown else ""
            self._put({"wallet": page.wallet, "movements": page.movements, "has_more": page.has_more, "problem": "",
                       "person_email": (shown.email or shown.name) if shown else "", "phase": "ready",
                       "outcome": outcome[0], "outcome_amount": outcome[1]})  # fmt: skip

    @rx.event
    def choose(self, amount: str) -> None:
        """Takes one of the amounts, or what was typed."""
        if self._is_open():
            self._choose(amount)

    @rx.event
    async def pay(self) -> AsyncIterator[EventSpec | None]:
        """Sends the user to pay the chosen amount, or says why that is not possible."""
        person = await self._signed_in()
        try:
            url = await begin_topup(wiring.get().sandbox, token_of(self.router.url.path), self.amount, person)
        except NotSignedIn:
            yield self._leave()
        except LinkInvalid as error:
            self.phase, self.problem = "invalid", error.message
        except CoinslotError as error:
            self.error = error.message
        else:
            yield rx.redirect(url)

    @rx.event
    def show_more(self) -> None:
        """Shows more of the activity with the next reading."""
        if self._is_open():
            self._shown = min(self._shown + ROWS_A_PAGE, ROWS_MAX)

    def _is_open(self) -> bool:
        """Tells whether the link is still good, and says so on the page if not."""
        try:
            open_topup(token_of(self.router.url.path))
        except LinkInvalid as error:
            self.phase, self.problem = "invalid", error.message
            return False
        return True


async def _outcome(token: str, topup_id: str, person: Person | None) -> tuple[str, str]:
    """Returns how the top-up ended that the page came back from, and its amount."""
    if not topup_id:
        return "", ""
    try:
        topup = await read_topup(token, topup_id, person)
    except NotFound:
        return "", ""
    return topup.status, format_for_people(topup.amount_nanos, topup.unit)
