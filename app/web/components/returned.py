"""What pages have in common that a payer comes back to: how their top-up ended, and that they wait for their bank."""

import asyncio
from collections.abc import Mapping
from typing import Any

from app import wiring
from app.domain import clock
from app.domain.people.sessions import Person
from app.domain.topups.tables import TopupStatus
from app.flows.payments.checkout import look_again
from app.ports.payments import PaymentStatus
from app.web.frame.live import LivePage
from app.web.frame.session_state import Reader, Subjects, VisitorState

PAID = "paid"
"""The parameter by which a rail's page says that its payer has paid; nothing but words on a page comes of it."""
SLOW_SECONDS = 60
"""How long a payer is asked to wait; after that they may leave."""
LOOK_AGAIN_SECONDS = 10

ASKING, SLOW, BANK = "asking", "slow", "bank"
OPEN = "open"
_SAID = {
    PaymentStatus.PENDING.value: BANK,
    PaymentStatus.UNPAID.value: OPEN,
    PaymentStatus.DECLINED.value: OPEN,
    PaymentStatus.EXPIRED.value: "",
}
"""What a rail's answer means for who came back; what is not here says nothing new."""


class ReturnedState(VisitorState, mixin=True):
    """A top-up whose payer came back.

    `waiting` is what they wait for: `asking`, `slow`, `bank`; `open` where the rail says that they have not paid, or
    nothing. `is_paying_again` is their wish to begin another payment meanwhile.
    """

    outcome: str = ""
    outcome_amount: str = ""
    goes_back: bool = False
    waiting: str = ""
    is_paying_again: bool = False
    _returned_at: int = 0
    _to_ask: str = ""

    async def _look(self, page: LivePage, reader: Reader, subjects: Subjects) -> Person | None:
        """Reads the page, asks the rail once where a top-up is open, and looks again as time goes by."""
        person: Person | None = await super()._look(page, reader, subjects)
        async with self:
            topup_id, self._to_ask = self._to_ask, ""
            if self.waiting == ASKING:
                page.read_again_in(LOOK_AGAIN_SECONDS)
        if topup_id:
            # Whatever becomes of the page, what was paid is credited.
            came = await asyncio.shield(wiring.get().keeper.keep(look_again(wiring.get().payment_door, topup_id)))
            async with self:
                self._put(self._told(came))
        return person

    def _show(self, person: Person | None, values: Mapping[str, Any]) -> None:
        """Shows what was read together with what is waited for, so that nobody pays again between the two."""
        super()._show(person, values)
        is_open = self.outcome == TopupStatus.CREATED.value
        if is_open and not self._returned_at:
            self._begin()
        self._put(self._waited(is_open))

    def _begin(self) -> None:
        """Notes when the payer came back, and from where, and which top-up is to be asked about."""
        asked = self.router.url.query_parameters
        self._returned_at, self._to_ask = clock.now(), asked.get("topup", "")
        self.waiting = ASKING if asked.get(PAID, "") else ""

    def _waited(self, is_open: bool) -> dict[str, Any]:
        if not is_open:
            return {"waiting": ""}
        is_slow = clock.now() - self._returned_at > SLOW_SECONDS * clock.SECOND
        return {"waiting": SLOW} if is_slow and self.waiting == ASKING else {}

    def _told(self, came: str | None) -> dict[str, Any]:
        """Says what the rail's answer means for who waits; None is that it could not be asked."""
        return {"waiting": _SAID[came]} if came in _SAID else {}
