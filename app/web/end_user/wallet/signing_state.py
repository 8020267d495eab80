"""What the wallet page remembers while somebody signs a top-up: what is to be signed, and what went wrong."""

import json
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import wiring
from app.domain.errors import CoinslotError
from app.domain.money import MICRO_NANOS, Environment, Unit, format_for_people
from app.flows.settlement.paying_in import sign_with_test_wallet
from app.web.end_user.wallet.rows import PursePage
from app.web.frame.session_state import VisitorState

TEST_AMOUNT = "10"
FIELD_CHARACTERS_MAX = 300


class SigningPart(VisitorState, mixin=True):
    """A top-up that waits for its signature. `typed` is what the browser's wallet is to sign, "" where none waits."""

    page: PursePage = PursePage()
    deposit_problem: str = ""
    typed: str = ""
    signing_payer: str = ""
    signing_chain: str = ""
    signing_amount: str = ""
    _signing_id: str = ""

    @rx.event
    async def begin_signing(self, form: dict[str, Any]) -> EventSpec | None:
        """Shows what an address of the person's is to sign, so that an amount goes from it to their wallet."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        self.deposit_problem, self.typed = "", ""
        payer, amount = (str(form.get(name, ""))[:FIELD_CHARACTERS_MAX] for name in ("payer", "amount"))
        if not payer:
            self.deposit_problem = "No wallet answered in this browser. Send USDC to the address instead."
            return None
        try:
            topups = wiring.get().settlement.signed_topups
            asked = await topups.begin(person, Environment(self.page.purse.environment), payer, amount)
        except CoinslotError as error:
            self.deposit_problem = error.message
            return None
        self._signing_id, self.typed = asked.id, json.dumps(asked.typed)
        self.signing_payer, self.signing_chain = asked.payer, hex(asked.chain_id)
        self.signing_amount = format_for_people(asked.units * MICRO_NANOS, Unit.USDC)
        return None

    @rx.event
    async def bring_signed(self, form: dict[str, Any]) -> EventSpec | None:
        """Brings what was signed; without a signature nothing is brought, and it may be signed again."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        signature = str(form.get("signature", ""))[:FIELD_CHARACTERS_MAX]
        self.deposit_problem = ""
        if not signature:
            self.deposit_problem = "The wallet did not sign. Nothing has moved."
            return None
        try:
            await wiring.get().settlement.signed_topups.bring(person, self._signing_id, signature)
        except CoinslotError as error:
            self.deposit_problem = error.message
            return None
        self.typed = ""
        self._look_again()
        return None

    @rx.event
    async def stop_signing(self) -> EventSpec | None:
        """Forgets what was to be signed."""
        if await self._signed_in() is None:
            return self._leave()
        self.typed, self.deposit_problem = "", ""
        return None

    @rx.event
    async def sign_with_test_wallet(self) -> EventSpec | None:
        """Has the demo's test wallet sign 10 USDC of play money, and brings it."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        on_chain, environment = wiring.get().settlement, Environment(self.page.purse.environment)
        self.deposit_problem = ""
        try:
            topups, wallet = on_chain.signed_topups, on_chain.test_wallet
            await sign_with_test_wallet(wallet, topups, person, environment, TEST_AMOUNT)
        except CoinslotError as error:
            self.deposit_problem = error.message
            return None
        self._look_again()
        return None
