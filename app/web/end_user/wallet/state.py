"""What the wallet page remembers: which app is being changed, and the amount to top up."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db, wiring
from app.domain.authorizations.caps import cap_id
from app.domain.errors import BadField, CoinslotError, NotFound
from app.domain.inbox.connections import Connection
from app.domain.money import Environment, parse_amount
from app.domain.paywalls.configuration import epoch_subject
from app.domain.people.accounts import check_cap
from app.domain.people.sessions import Person
from app.domain.wallets.shared import shared_account
from app.flows.callers.marks import About, Subject, purse_subjects
from app.flows.payments.checkout import read_own_topup
from app.flows.payments.offered import list_own_offered
from app.flows.people import consent
from app.flows.settlement.paying_in import find_hindrance, open_addresses, pay_from_test_wallet
from app.web.components.caps import CAPS
from app.web.components.deposit_rows import USDC, ArrivalRow, PlaceRow, place_of, read_arrivals, stopped_of
from app.web.components.refunds.state import RefundsPart
from app.web.components.topup_state import PayingState, offered, saved_card
from app.web.end_user.wallet.own_keys_state import OwnKeysOfApps
from app.web.end_user.wallet.rows import read_purse
from app.web.end_user.wallet.signing_state import TEST_AMOUNT, SigningPart
from app.web.frame.format import plainly
from app.web.frame.session_state import Read, for_a_person


class WalletState(SigningPart, OwnKeysOfApps, PayingState, RefundsPart, rx.State):
    """One open wallet page."""

    is_adding: bool = False
    revoking: str = ""
    changing: str = ""
    cap: str = ""
    is_other_cap: bool = False
    cap_error: str = ""
    usdc_open: bool = False
    has_test_wallet: bool = False
    places: list[PlaceRow] = []
    arrivals: list[ArrivalRow] = []
    deposits_stopped: str = ""
    _wanted: str = ""

    @rx.event(background=True)
    async def watch(self) -> AsyncIterator[EventSpec | None]:
        """Shows the wallet and whatever lands in it, for as long as the page is open."""
        async for event in self._live(for_a_person(self._reader), _subjects):
            yield event

    def _reader(self, person: Person) -> Read:
        click, wanted, way, topup_id = (
            self._click,
            self._wanted,
            self.way,
            self.router.url.query_parameters.get("topup", ""),
        )

        shown = [place.chain_id for place in self.places]
        comes_to_pay = self.phase == "loading" and self.router.url.query_parameters.get("pay") == USDC

        def read(session: db.Session) -> dict[str, Any]:
            page = read_purse(session, person, wanted)
            outcome, goes_back = _outcome(session, topup_id, person, page.purse.environment)
            environment = Environment(page.purse.environment)
            ways = list_own_offered(session, environment)
            card = saved_card(session, person, environment, ways, click)
            came = read_arrivals(session, shared_account(person.account_id, environment).owner)
            here = {chain.rules.id for chain in wiring.get().settlement.chains.of(environment)}
            is_of_another = not here.issuperset(shown)  # what is sent to the other wallet's address is not credited
            gone: dict[str, Any] = {"places": []} if is_of_another else {}
            ways_now = _offered(ways, "" if is_of_another else way, environment)
            opened = {"is_adding": True} if comes_to_pay else {}
            return {"page": page, **opened, "outcome": outcome, "goes_back": goes_back, "arrivals": came,
                    "deposits_stopped": stopped_of(session, shown), **gone, **ways_now, **card}  # fmt: skip

        return read

    @rx.event
    async def show_environment(self, environment: str) -> EventSpec | None:
        """Shows the live or the sandbox wallet with the next reading."""
        if await self._signed_in() is None:
            return self._leave()
        self._wanted = environment[:10]
        self._look_again()
        return None

    @rx.event
    async def add_funds(self) -> EventSpec | None:
        """Shows the amounts to top up, or hides them."""
        if await self._signed_in() is None:
            return self._leave()
        self.is_adding = not self.is_adding
        return None

    def _paid_in(self) -> Environment:
        return Environment(self.page.purse.environment)

    async def _take_way(self, person: Person, way: str) -> None:
        """Takes one of the ways to pay; by USDC, with the addresses where it is sent."""
        if way != USDC:
            self._choose_way(way)
            return
        on_chain, environment = wiring.get().settlement, self._paid_in()
        try:
            found = await open_addresses(on_chain.chains, person, environment)
            asks = [find_hindrance(person, on_chain.pace, on_chain.chains.reach(at.chain_id), at.address)
                    for at in found]  # fmt: skip
            self.places = [place_of(at, await ask) for at, ask in zip(found, asks, strict=True)]
        except CoinslotError as error:
            self.deposit_problem = plainly(error)
        self.way, self.error = (USDC if self.places else self.way), ""

    @rx.event
    async def pay_from_test_wallet(self) -> EventSpec | None:
        """Sends 10 USDC of play money to the person's address, in the demo."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        on_chain, environment = wiring.get().settlement, self._paid_in()
        self.deposit_problem = ""
        try:
            await pay_from_test_wallet(on_chain.test_wallet, on_chain.chains, person, environment, TEST_AMOUNT)
        except CoinslotError as error:
            self.deposit_problem = plainly(error)
        return None

    @rx.event
    async def ask_to_revoke(self, authorization_id: str) -> EventSpec | None:
        """Asks once whether an app shall lose the wallet; without an id it no longer asks."""
        if await self._signed_in() is None:
            return self._leave()
        self.revoking, self.changing = authorization_id[:64], ""
        return None

    @rx.event
    async def revoke(self) -> EventSpec | None:
        """Takes the wallet away from the app that was asked about."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        try:
            await consent.revoke(person, self.revoking)
        except NotFound as error:
            self.problem = plainly(error)
        self.revoking = ""
        await self._read_again(person)
        return None

    @rx.event
    async def change_cap(self, authorization_id: str, cap: str) -> EventSpec | None:
        """Begins to change an app's cap, from what it is; without an id it no longer does."""
        if await self._signed_in() is None:
            return self._leave()
        self.changing, self.revoking, self.cap_error = authorization_id, "", ""
        self.cap, self.is_other_cap = cap[:12], cap not in CAPS
        return None

    @rx.event
    async def choose_cap(self, cap: str) -> EventSpec | None:
        """Takes one of the usual caps, or what was typed."""
        if await self._signed_in() is None:
            return self._leave()
        self.is_other_cap, self.cap, self.cap_error = cap not in CAPS, cap[:12], ""
        return None

    @rx.event
    async def save_cap(self) -> EventSpec | None:
        """Saves the cap of the app that is being changed."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        paywall_id = next((row.paywall_id for row in self.page.apps if row.id == self.changing), "")
        try:
            await consent.change_cap(person, paywall_id, check_cap(parse_amount(self.cap.strip())))
        except BadField:
            self.cap_error = "Enter an amount of USDC, such as 20 or 7.50."
            return None
        except CoinslotError as error:
            self.cap_error = plainly(error)
            return None
        self.changing = ""
        await self._read_again(person)
        return None

    async def _read_again(self, person: Person) -> None:
        """Shows at once what was changed."""
        self._put(await db.in_transaction(self._reader(person)))


def _subjects(person: Person | None, values: Mapping[str, Any]) -> list[Subject]:
    """The wallet in both environments, the person's apps with their caps and what they are called."""
    if person is None:
        return []
    apps = values["page"].apps
    return [
        *(subject for environment in Environment
          for subject in purse_subjects(shared_account(person.account_id, environment))),
        Subject(About.PERSON, person.account_id),
        *(Subject(About.CAP, cap_id(person.account_id, app.paywall_id)) for app in apps),
        *(Subject(About.EPOCH, epoch_subject(app.paywall_id)) for app in apps),
    ]  # fmt: skip


def _offered(ways: Sequence[Connection], way: str, environment: Environment) -> Mapping[str, Any]:
    """Returns the ways to pay, USDC beside them where a chain of the environment is set up."""
    on_chain = wiring.get().settlement
    usdc_open = bool(on_chain.chains.of(environment))
    chosen = {**offered(ways, way), **({"way": USDC} if usdc_open and way == USDC else {})}
    return {**chosen, "usdc_open": usdc_open, "has_test_wallet": usdc_open and on_chain.test_wallet is not None}


def _outcome(session: db.Session, topup_id: str, person: Person, environment: str) -> tuple[str, bool]:
    """Returns how the top-up ended that the page came back from, and whether a payment for it goes back."""
    if not topup_id:
        return "", False
    try:
        topup = read_own_topup(session, person, Environment(environment), topup_id)
    except NotFound:
        return "", False
    return topup.status.value, topup.goes_back
