"""What the top-up page remembers: the chosen amount and what was last read. The link is checked at every event.

In default mode the link is the credential; in shared mode whoever is signed in tops up their own wallet.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db, wiring
from app.domain.errors import CoinslotError, LinkInvalid, NotFound, NotSignedIn
from app.domain.ledger import accounts
from app.domain.money import Unit, format_for_people
from app.domain.paywalls import configuration
from app.domain.people.sessions import Person
from app.flows.callers.links import TopupLink
from app.flows.callers.marks import About, Subject, purse_subjects
from app.flows.payments.checkout import begin_topup, read_topup
from app.flows.payments.offered import reach_offered
from app.web.components.activity_rows import MovementRow
from app.web.components.returned import ReturnedState
from app.web.components.topup_state import AmountState, chosen, offered, saved_card
from app.web.end_user.topup.rows import WalletRow, read_page
from app.web.frame.routes import token_of
from app.web.frame.session_state import Read

ROWS_A_PAGE = 12
ROWS_MAX = 600


class TopupState(AmountState, ReturnedState, rx.State):
    """One open top-up page."""

    wallet: WalletRow = WalletRow()
    movements: list[MovementRow] = []
    has_more: bool = False
    usdc_open: bool = False
    _shown: int = ROWS_A_PAGE
    _account_id: str = ""
    _paywall_id: str = ""

    @rx.event(background=True)
    async def watch(self) -> AsyncIterator[EventSpec | None]:
        """Shows the wallet and whatever lands in it, for as long as the page is open."""
        async for event in self._live(self._reader, _subjects):
            yield event

    def _reader(self, person: Person | None) -> Read:
        path, topup_id = self.router.url.path, self.router.url.query_parameters.get("topup", "")
        shown, is_first, way = self._shown, self.phase == "loading", self.way
        click, chains = self._click, wiring.get().settlement.chains

        def read(session: db.Session) -> dict[str, Any]:
            link = wiring.get().links.open_topup(token_of(path))
            page = read_page(session, link, shown, person)
            outcome = _outcome(session, link, topup_id, person)
            seen_by = person if page.wallet.is_shared else None
            return {
                "wallet": page.wallet, "movements": page.movements, "has_more": page.has_more, "outcome": outcome[0],
                "outcome_amount": outcome[1], "goes_back": outcome[2],
                "person_email": (seen_by.email or seen_by.name) if seen_by else "",
                "usdc_open": page.wallet.is_shared and bool(chains.of(page.account.environment)),
                "_session_id": seen_by.session_id if seen_by else "", "_account_id": page.account.id,
                **offered(page.ways, way), **saved_card(session, seen_by, page.account.environment, page.ways, click),
                "_paywall_id": link.paywall_id, **(_first_amount(link) if is_first else {}),
            }  # fmt: skip

        return read

    @rx.event
    def choose(self, amount: str) -> None:
        """Takes one of the amounts, or what was typed."""
        if self._is_open():
            self._choose(amount)

    @rx.event
    def choose_way(self, way: str) -> None:
        """Takes one of the ways to pay."""
        if self._is_open():
            self._choose_way(way)

    @rx.event
    def pay_again(self) -> None:
        """Shows the amounts though a payment is on its way."""
        if self._is_open():
            self.is_paying_again = True

    @rx.event
    async def pay(self, form: dict[str, Any]) -> AsyncIterator[EventSpec | None]:
        """Sends the user to pay the chosen amount, or says why not; `form` may say to keep the card."""
        person = await self._signed_in()
        try:
            link = wiring.get().links.open_topup(token_of(self.router.url.path))
            rail = await reach_offered(wiring.get().rails, self.way)
            url = await begin_topup(rail, link, self._asked(form), person)
        except NotSignedIn:
            yield self._leave()
        except LinkInvalid as error:
            self.phase, self.problem = "invalid", error.message
        except CoinslotError as error:
            self.error = error.message
        else:
            yield rx.redirect(url)

    @rx.event
    async def pay_with_card(self) -> EventSpec | None:
        """Charges the saved card of whoever is signed in for their own wallet, at once."""
        person = await self._signed_in()
        if person is None or not self._is_open():
            return self._leave()
        try:
            topup_id = await self._pay_with_card(person, accounts.parse(self._account_id).environment)
        except CoinslotError as error:
            self.error = error.message
            return None
        return rx.redirect(f"/confirm/{topup_id}/")

    @rx.event
    def show_more(self) -> None:
        """Shows more of the activity with the next reading."""
        if self._is_open():
            self._shown = min(self._shown + ROWS_A_PAGE, ROWS_MAX)
            self._look_again()

    def _is_open(self) -> bool:
        """Tells whether the link is still good, and says so on the page if not."""
        try:
            wiring.get().links.open_topup(token_of(self.router.url.path))
        except LinkInvalid as error:
            self.phase, self.problem = "invalid", error.message
            return False
        return True


def _subjects(_person: Person | None, values: Mapping[str, Any]) -> tuple[Subject, ...]:
    paywall = Subject(About.EPOCH, configuration.epoch_subject(values["_paywall_id"]))
    return (*purse_subjects(accounts.parse(values["_account_id"])), paywall)


def _first_amount(link: TopupLink) -> Mapping[str, Any]:
    """Returns the amount that the page begins with, where its link asks for one."""
    if link.amount_nanos is None:
        return {}
    return chosen(format_for_people(link.amount_nanos, Unit.USD).removeprefix("$").replace(",", ""))


def _outcome(session: db.Session, link: TopupLink, topup_id: str, person: Person | None) -> tuple[str, str, bool]:
    """Returns how the top-up ended that the page came back from, its amount, and whether a payment goes back."""
    if not topup_id:
        return "", "", False
    try:
        topup = read_topup(session, link, topup_id, person)
    except NotFound:
        return "", "", False
    return topup.status.value, format_for_people(topup.credited_nanos, topup.unit), topup.goes_back
