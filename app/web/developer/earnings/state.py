"""Who looks at their earnings, and what they do about their payouts. Each form brings the id of its own click."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db, wiring
from app.domain.errors import BadField
from app.domain.money import parse_amount
from app.domain.payouts.rules import units_of
from app.domain.payouts.tables import Every, PayoutStatus
from app.domain.paywalls.members import Manager, find_manager
from app.domain.people.sessions import Person
from app.flows.callers.marks import About, Subject
from app.flows.settlement.requesting import Wanted, request_payout
from app.flows.settlement.schedule import set_schedule
from app.web.components.payouts.address_state import AddressPart, environment_in, word
from app.web.components.payouts.rows import usdc
from app.web.developer.earnings.rows import EarningsPage, read_earnings_page
from app.web.frame.session_state import Read, for_a_person

ALL = "all"


class EarningsState(AddressPart, rx.State):
    """One open page of earnings. `asking` is the form that is open: `withdraw:pw_…`, `address:sandbox`."""

    page: EarningsPage = EarningsPage()

    @rx.event(background=True)
    async def watch(self) -> AsyncIterator[EventSpec | None]:
        """Shows what somebody's paywalls have earned, and what changes of that."""
        async for event in self._live(for_a_person(_reader), _subjects):
            yield event

    @rx.event
    async def withdraw(self, form: dict[str, Any]) -> EventSpec | None:
        """Requests a payout of a paywall's earnings to the address that counts."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        await self._do(self._withdraw(person, form))
        return None

    @rx.event
    async def schedule(self, form: dict[str, Any]) -> EventSpec | None:
        """Has payouts requested by themselves, or by hand alone."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        await self._do(self._schedule(person, form))
        return None

    async def _withdraw(self, person: Person, form: Mapping[str, Any]) -> str:
        paywall_id, environment = word(form, "paywall"), environment_in(form)
        manager = await _manager(person, paywall_id)
        chain = wiring.get().settlement.addresses.chain_of(environment)
        units = None if word(form, "amount") == ALL else units_of(parse_amount(word(form, "amount")))
        wanted = Wanted(environment, chain.rules.id, word(form, "click"), units)
        payout = await request_payout(wiring.get().settlement.rules, manager, wanted)
        waits = payout.status is PayoutStatus.WAITING
        then = "The operator looks at it first." if waits else "It arrives within minutes."
        return f"{usdc(payout.units)} are on their way to {payout.address}. {then}"

    async def _send_test(self, person: Person, form: Mapping[str, Any]) -> None:
        manager = await _manager(person, word(form, "paywall"))
        await wiring.get().settlement.addresses.send_test(person, manager, word(form, "id"), word(form, "click"))

    async def _show_again(self, person: Person) -> None:
        self._put(await db.in_transaction(_reader(person)))
        self._look_again()

    async def _schedule(self, person: Person, form: Mapping[str, Any]) -> str:
        every_word = word(form, "every")
        if every_word and every_word not in set(Every):
            raise BadField("every", "Choose how often.")
        every, least = (Every(every_word), units_of(parse_amount(word(form, "least")))) if every_word else (None, 0)
        await set_schedule(wiring.get().settlement.rules, person, environment_in(form), every, least)
        return "Payouts are requested by themselves." if every else "Payouts are requested by you alone."


async def _manager(person: Person, paywall_id: str) -> Manager:
    operators = wiring.get().settings.operators
    return await db.in_transaction(lambda session: find_manager(session, person, operators, paywall_id))


def _reader(person: Person) -> Read:
    def read(session: db.Session) -> dict[str, Any]:
        return {"page": read_earnings_page(session, person)}

    return read


def _subjects(person: Person | None, values: Mapping[str, Any]) -> list[Subject]:
    """The person, and of each paywall its payouts and what was counted of it, which follows its charges."""
    own = [] if person is None else [Subject(About.PERSON, person.account_id)]
    rows = values["page"].paywalls
    return [*own, *(Subject(about, row.id) for row in rows for about in (About.NUMBERS, About.PAYOUTS))]
