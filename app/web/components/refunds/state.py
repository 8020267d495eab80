"""What pages have in common whose top-ups can be had back: which one is asked about, what that means, what went wrong.

Every handler looks up who is signed in; whose a top-up is, the flows ask, and they alone say how much goes back.
"""

import asyncio
from collections.abc import AsyncIterator

import reflex as rx
from reflex.event import EventSpec

from app import wiring
from app.domain.errors import CoinslotError
from app.domain.ids import new_id
from app.domain.people.sessions import Person
from app.flows.disputes.give_back import refund_unspent
from app.flows.disputes.offers import bring_near, read_offer
from app.flows.people.sign_in import find_person_of
from app.web.components.refunds.rows import dollars, question_of
from app.web.frame.format import plainly
from app.web.frame.live import LivePage
from app.web.frame.session_state import Reader, Subjects, VisitorState, row_in

ID_CHARACTERS_MAX = 64


class RefundsPart(VisitorState, mixin=True):
    """The question before a refund, in the row of its top-up (`refund_of`, empty where nothing is asked).

    `refund_question` is empty where there is nothing to ask, as `refund_error` says.
    """

    refund_of: str = ""
    refund_question: str = ""
    refund_label: str = ""
    refund_error: str = ""
    refund_said: str = ""
    """What was given back last, in a sentence."""
    is_refunding: bool = False
    _refund_cents: int = 0
    _refund_click: str = ""
    """The name of the click that is to come: sent twice, it gives back once."""

    async def _look(self, page: LivePage, reader: Reader, subjects: Subjects) -> Person | None:
        """Reads the page, after what its wallet spent lately was taken from its top-ups."""
        async with self:
            session_id = row_in(self.router.headers.cookie, "session")
        person = await find_person_of(session_id)
        if person is not None:
            await bring_near(person)
        seen: Person | None = await super()._look(page, reader, subjects)
        return seen

    @rx.event
    async def ask_refund(self, topup_id: str) -> EventSpec | None:
        """Asks once whether what is unspent of a top-up shall go back; without an id it no longer asks."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        self.refund_of, self.refund_error, self.refund_question = topup_id[:ID_CHARACTERS_MAX], "", ""
        self.refund_said = ""
        if self.refund_of:
            await self._read_question(person)
        return None

    @rx.event
    async def refund(self) -> AsyncIterator[EventSpec | None]:
        """Gives back what was asked about, once, and whatever becomes of the page."""
        person = await self._signed_in()
        if person is None:
            yield self._leave()
            return
        if not self.refund_question:
            return
        self.is_refunding, self.refund_error = True, ""
        yield None
        wired = wiring.get()
        asked = refund_unspent(wired.refunds, person, self.refund_of, self._refund_click, self._refund_cents)
        try:
            await asyncio.shield(wired.keeper.keep(asked))
        except CoinslotError as error:
            await self._read_question(person)
            self.refund_error = plainly(error)
        else:
            self.refund_of = self.refund_question = ""
            self.refund_said = (
                f"{dollars(self._refund_cents)} goes back to your card. Your bank may take days to show it."
            )
        finally:
            self.is_refunding = False
        self._look_again()

    async def _read_question(self, person: Person) -> None:
        """Says what having the top-up back means as it stands now, or why nothing of it can be had."""
        self.refund_question = self.refund_label = ""
        try:
            found = await read_offer(person, self.refund_of)
        except CoinslotError as error:
            self.refund_error = plainly(error)
            return
        if found.offer.refusal is not None:
            self.refund_error = found.offer.refusal
            return
        self.refund_question = question_of(found)
        self.refund_label = f"Refund {dollars(found.offer.cents)}"
        self._refund_cents, self._refund_click = found.offer.cents, new_id("clk")
