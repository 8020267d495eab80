"""Who looks at their earnings, and what they do about their payouts. Each form brings the id of its own click."""

from collections.abc import AsyncIterator, Coroutine, Mapping
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db, wiring
from app.domain.errors import BadField, CoinslotError
from app.domain.ids import new_id
from app.domain.money import Environment, parse_amount
from app.domain.payouts.rules import units_of
from app.domain.payouts.tables import Every, PayoutStatus
from app.domain.paywalls.members import Manager, find_manager
from app.domain.people.sessions import Person
from app.flows.callers.marks import About, Subject
from app.flows.settlement.requesting import Wanted, request_payout
from app.flows.settlement.schedule import set_schedule
from app.web.components.payouts.rows import usdc
from app.web.developer.earnings.rows import EarningsPage, read_earnings_page
from app.web.frame.session_state import Read, VisitorState, for_a_person

WORD_CHARACTERS_MAX = 300
ALL = "all"


class EarningsState(VisitorState, rx.State):
    """One open page of earnings. `asking` is the form that is open: `withdraw:pw_…`, `address:sandbox`."""

    page: EarningsPage = EarningsPage()
    asking: str = ""
    click: str = ""
    error: str = ""
    said: str = ""

    @rx.event(background=True)
    async def watch(self) -> AsyncIterator[EventSpec | None]:
        """Shows what somebody's paywalls have earned, and what changes of that."""
        async for event in self._live(for_a_person(_reader), _subjects):
            yield event

    @rx.event
    async def ask(self, what: str) -> EventSpec | None:
        """Opens a form; without a name it closes what is open."""
        if await self._signed_in() is None:
            return self._leave()
        self.asking, self.click, self.error, self.said = what[:WORD_CHARACTERS_MAX], new_id("clk"), "", ""
        return None

    @rx.event
    async def withdraw(self, form: dict[str, Any]) -> EventSpec | None:
        """Requests a payout of a paywall's earnings to the address that counts."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        await self._do(self._withdraw(person, form))
        return None

    @rx.event
    async def begin_address(self, form: dict[str, Any]) -> EventSpec | None:
        """Names an address, which is then to be confirmed."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        await self._do(self._begin_address(person, form))
        return None

    @rx.event
    async def sign_address(self, form: dict[str, Any]) -> EventSpec | None:
        """Confirms an address by the signature of its key."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        await self._do(self._sign_address(person, form))
        return None

    @rx.event
    async def send_test(self, form: dict[str, Any]) -> EventSpec | None:
        """Sends a test payout to an address whose key cannot sign."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        await self._do(self._send_test(person, form))
        return None

    @rx.event
    async def confirm_test(self, form: dict[str, Any]) -> EventSpec | None:
        """Confirms an address by the amount that arrived there."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        await self._do(self._confirm_test(person, form))
        return None

    @rx.event
    async def schedule(self, form: dict[str, Any]) -> EventSpec | None:
        """Has payouts requested by themselves, or by hand alone."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        await self._do(self._schedule(person, form))
        return None

    async def _do(self, step: Coroutine[Any, Any, str]) -> None:
        """Takes a step, and shows what it said; where it was refused, what was typed stays as it is."""
        try:
            said = await step
        except CoinslotError as error:
            self.error = error.message
            return
        self.asking, self.error, self.said = "", "", said
        person = await self._signed_in()
        if person is not None:
            self._put(await db.in_transaction(_reader(person)))
            self._look_again()

    async def _withdraw(self, person: Person, form: Mapping[str, Any]) -> str:
        paywall_id, environment = _word(form, "paywall"), _environment(form)
        manager = await _manager(person, paywall_id)
        chain = wiring.get().settlement.addresses.chain_of(environment)
        units = None if _word(form, "amount") == ALL else units_of(parse_amount(_word(form, "amount")))
        wanted = Wanted(environment, chain.rules.id, _word(form, "click"), units)
        payout = await request_payout(wiring.get().settlement.rules, manager, wanted)
        waits = payout.status is PayoutStatus.WAITING
        then = "The operator looks at it first." if waits else "It arrives within minutes."
        return f"{usdc(payout.units)} are on their way to {payout.address}. {then}"

    async def _begin_address(self, person: Person, form: Mapping[str, Any]) -> str:
        begun = await wiring.get().settlement.addresses.begin(person, _environment(form), _word(form, "address"))
        return f"Now show that {begun.address} is yours."

    async def _sign_address(self, person: Person, form: Mapping[str, Any]) -> str:
        settlement = wiring.get().settlement
        proved = await settlement.addresses.prove_by_signature(person, _word(form, "id"), _word(form, "signature"))
        return f"{proved.address} is confirmed."

    async def _send_test(self, person: Person, form: Mapping[str, Any]) -> str:
        manager = await _manager(person, _word(form, "paywall"))
        await wiring.get().settlement.addresses.send_test(person, manager, _word(form, "id"), _word(form, "click"))
        return "About 1 USDC is on its way. Say here how much arrived, to the last digit."

    async def _confirm_test(self, person: Person, form: Mapping[str, Any]) -> str:
        settlement = wiring.get().settlement
        proved = await settlement.addresses.confirm_test(person, _word(form, "id"), _word(form, "amount"))
        return f"{proved.address} is confirmed."

    async def _schedule(self, person: Person, form: Mapping[str, Any]) -> str:
        word = _word(form, "every")
        if word and word not in set(Every):
            raise BadField("every", "Choose how often.")
        every, least = (Every(word), units_of(parse_amount(_word(form, "least")))) if word else (None, 0)
        await set_schedule(wiring.get().settlement.rules, person, _environment(form), every, least)
        return "Payouts are requested by themselves." if every else "Payouts are requested by you alone."


def _word(form: Mapping[str, Any], name: str) -> str:
    return str(form.get(name, "")).strip()[:WORD_CHARACTERS_MAX]


def _environment(form: Mapping[str, Any]) -> Environment:
    word = _word(form, "environment")
    if word not in set(Environment):
        raise BadField("environment", "There is no such environment.")
    return Environment(word)


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
