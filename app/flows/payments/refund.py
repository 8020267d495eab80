"""Money that cannot be credited goes back: asked of the rail until it says so, payer and operators told.

The row is written where the payment is judged (`received.py`), with the money on `payout_transit:<refund>`; its id is
the rail's key, so that a refund that is asked for again, by another process or after a crash, moves nothing twice.
"""

import asyncio
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.alerts import kept
from app.domain.disputes.settling import settle
from app.domain.errors import CoinslotError, Unavailable
from app.domain.inbox import connections, health
from app.domain.inbox.connections import Connection
from app.domain.ledger.apply import apply_one
from app.domain.refunds import payments, refunds
from app.domain.refunds.refunds import RefundView
from app.domain.refunds.tables import PARTS, TAKEBACKS, Refund, RefundReason, RefundStatus
from app.domain.topups import topups
from app.each_alone import Failed, alone
from app.flows.events.mails import Desk, Notice
from app.flows.payments.refund_words import words_of
from app.ports.payments import Rails

log = structlog.get_logger()

SECONDS_A_RUN = 20
"""How long one connection may keep a run; what it does not come to waits for the next one."""
CALL_SECONDS_MAX = 15
MAILS_A_REFUND = 2
"""How many mails follow a refund at once, so that a mail server that is slow keeps no later run waiting for long."""


@dataclass(frozen=True, slots=True)
class Refunds:
    """Sends refunds to the rails of their connections, and tells of them from the operators' desk."""

    rails: Rails
    desk: Desk

    async def has_due(self) -> bool:
        """Tells whether any refund is to be gone on with now."""
        return await db.in_transaction(refunds.has_due)

    async def send_due(self, of_connection: str | None = None) -> int:
        """Goes on with the refunds that are due, of one connection or of all; returns how many it tried.

        Connections are worked beside each other: one that is slow or away keeps no other's payers waiting.
        """
        due = [of_connection] if of_connection else await db.in_transaction(refunds.list_due_connections)
        found = await asyncio.gather(*(alone("refund", name, partial(self._send_due_of, name)) for name in due))
        return sum(tried for tried in found if not isinstance(tried, Failed))

    async def send(self, refund_id: str) -> None:
        """Goes on with one refund if it is its time: whoever asked for it waits for no other."""
        take = partial(refunds.take_due, due_by=clock.now(), refund_id=refund_id)
        refund = await db.in_transaction(take, writes=True)
        if refund is not None:
            await alone("refund", refund.id, partial(self._go_on, refund))
            await self._send_mails(1)

    async def _send_due_of(self, connection_id: str) -> int:
        due_by, tried = clock.now(), 0
        take = partial(refunds.take_due, due_by=due_by, connection_id=connection_id)
        while clock.now() <= due_by + SECONDS_A_RUN * clock.SECOND:
            refund = await db.in_transaction(take, writes=True)
            if refund is None:
                break
            await alone("refund", refund.id, partial(self._go_on, refund))
            tried += 1
        await self._send_mails(tried)
        return tried

    async def _go_on(self, refund: RefundView) -> None:
        if not refund.is_told:
            # What keeps people from being told keeps no money; it is told when the refund is due again.
            await alone("refund", f"{refund.id}:tell", partial(self._keep_words, refund))
        if refund.reason is not RefundReason.ELSEWHERE and refund.status in (RefundStatus.ASKED, RefundStatus.PENDING):
            asked = await alone("refund", refund.id, partial(self._ask, refund))
            if isinstance(asked, Failed):
                error = asked.error.message if isinstance(asked.error, CoinslotError) else type(asked.error).__name__
                await db.in_transaction(lambda session: refunds.note_error(session, refund, error), writes=True)

    async def _ask(self, refund: RefundView) -> None:
        connection = await db.in_transaction(partial(_read_up_to_date, connection_id=refund.connection_id))
        rail = self.rails.reach(connection)
        try:
            async with asyncio.timeout(CALL_SECONDS_MAX):
                state = await rail.refund(refund_id=refund.id, payment_id=refund.payment_id,
                                          paid_cents=refund.paid_cents, currency=refund.currency,
                                          is_whole=refund.reason not in PARTS)  # fmt: skip
        except TimeoutError:
            raise Unavailable(f"{connection.rail} did not answer within {CALL_SECONDS_MAX} s.") from None
        status = RefundStatus(state.value)
        await db.in_transaction(lambda session: _note(session, refund, status), writes=True)
        log.info("refund", refund=refund.id, topup=refund.topup_id, step=status)

    async def _keep_words(self, refund: RefundView) -> None:
        """Stores the mails to whom it concerns, all or none, and that they were: no mail server is asked here."""
        await db.in_transaction(partial(self._keep_words_of, refund=refund), writes=True)

    def _keep_words_of(self, session: Session, refund: RefundView) -> None:
        words = words_of(session, refund)
        if words.paywall is not None:
            paywall_id, app_name = words.paywall
            self.desk.keep_notice(session, Notice(paywall_id, app_name, words.subject, words.text))
        elif words.subject:
            self.desk.keep_alert(session, words.subject, words.text)
        if words.payer is not None and words.to_payer is not None:
            kept.keep(session, [words.payer], *words.to_payer)
        refunds.note_told(session, refund)

    async def _send_mails(self, tried: int) -> None:
        """Sends stored mails behind the refunds, which wait for none; what is left the job sends."""
        if tried:
            await alone("refund", "mails", partial(self.desk.send_kept, tried * MAILS_A_REFUND))


def _read_up_to_date(session: Session, connection_id: str) -> Connection:
    """Returns a connection. Raises Unavailable where what was given back there already may not be known yet."""
    connection = connections.read_connection(session, connection_id)
    if not health.is_up_to_date(session, connection_id):
        raise Unavailable(
            f"The events of {connection_id} were not read to their end lately; nothing is given back yet."
        )
    return connection


def _note(session: Session, refund: RefundView, status: RefundStatus) -> None:
    """Keeps what the rail said of a refund, and posts what that means."""
    if refund.reason in TAKEBACKS:
        topup = topups.lock(session, refund.connection_id, refund.topup_id)
        if payments.note(session.get_one(Refund, refund.id, with_for_update=True), status):
            session.flush()
            settle(session, topup)
        return
    posting = refunds.note(session, refund, status)
    if posting is not None:
        apply_one(session, posting)
