"""What the page of withdrawals remembers. Each form brings the id of its own click."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db, wiring
from app.domain.money import Environment, parse_amount
from app.domain.payouts.rules import units_of
from app.domain.payouts.tables import PayoutStatus
from app.domain.people.sessions import Person
from app.domain.wallets.shared import shared_account
from app.flows.callers.marks import About, Subject, purse_subjects
from app.flows.people.sign_in import find_person_of
from app.flows.settlement.unspent.withdrawing import Wish, bring_near, withdraw_unspent
from app.web.components.payouts.address_state import AddressPart, environment_in, word
from app.web.components.payouts.rows import usdc
from app.web.end_user.withdraw.rows import WithdrawPage, read_withdraw_page
from app.web.frame.live import LivePage
from app.web.frame.session_state import Read, Reader, Subjects, for_a_person, row_in

ALL = "all"


class WithdrawState(AddressPart, rx.State):
    """One open page of withdrawals."""

    page: WithdrawPage = WithdrawPage()
    _wanted: str = ""

    @rx.event(background=True)
    async def watch(self) -> AsyncIterator[EventSpec | None]:
        """Shows what can be withdrawn, and how withdrawals go on."""
        async for event in self._live(for_a_person(self._reader), _subjects):
            yield event

    async def _look(self, page: LivePage, reader: Reader, subjects: Subjects) -> Person | None:
        """Reads the page, after what the wallet spent lately was taken from what was paid in."""
        async with self:
            session_id = row_in(self.router.headers.cookie, "session")
        person = await find_person_of(session_id)
        if person is not None:
            await bring_near(person)
        seen: Person | None = await super()._look(page, reader, subjects)
        return seen

    def _reader(self, person: Person) -> Read:
        wanted = self._wanted or self.router.url.query_parameters.get("in", "")

        def read(session: db.Session) -> dict[str, Any]:
            return {"page": read_withdraw_page(session, person, wanted)}

        return read

    @rx.event
    async def show_environment(self, environment: str) -> EventSpec | None:
        """Shows the live or the sandbox wallet with the next reading."""
        if await self._signed_in() is None:
            return self._leave()
        self._wanted, self.asking, self.error, self.said = environment[:10], "", "", ""
        self._look_again()
        return None

    @rx.event
    async def withdraw(self, form: dict[str, Any]) -> EventSpec | None:
        """Has unspent USDC sent to the address that counts."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        await self._do(self._withdraw(person, form))
        return None

    async def _withdraw(self, person: Person, form: Mapping[str, Any]) -> str:
        settlement, environment = wiring.get().settlement, environment_in(form)
        chain = settlement.addresses.chain_of(environment)
        units = None if word(form, "amount") == ALL else units_of(parse_amount(word(form, "amount")))
        wish = Wish(environment, chain.rules.id, word(form, "click"), units)
        payout = await withdraw_unspent(settlement.rules, settlement.desk, person, wish)
        waits = payout.status is PayoutStatus.WAITING
        then = "The operator looks at it first." if waits else "It arrives within minutes."
        return f"{usdc(payout.units)} are on their way to {payout.address}. {then}"

    async def _show_again(self, person: Person) -> None:
        self._put(await db.in_transaction(self._reader(person)))
        self._look_again()


def _subjects(person: Person | None, _values: Mapping[str, Any]) -> list[Subject]:
    """The person, their wallet in both environments, what is withdrawn from each, and whether payouts go on."""
    if person is None:
        return []
    wallets = [shared_account(person.account_id, environment) for environment in Environment]
    chains = wiring.get().settlement.chains.all()
    return [
        Subject(About.PERSON, person.account_id),
        *(subject for wallet in wallets for subject in purse_subjects(wallet)),
        *(Subject(About.PAYOUTS, wallet.owner) for wallet in wallets),
        *(Subject(About.PAUSED, str(chain.rules.id)) for chain in chains),
    ]
