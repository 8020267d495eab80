"""Money that cannot be credited goes back: asked of the rail until it says so, payer and operators told.

The row is written where the payment is judged (`received.py`), with the money on `payout_transit:<refund>`; its id is
the rail's key, so that a refund that is asked for again, by another process or after a crash, moves nothing twice.
"""

import asyncio
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.errors import CoinslotError, Unavailable
from app.domain.inbox import connections, health
from app.domain.inbox.connections import Connection
from app.domain.ledger.apply import apply_one
from app.domain.money import Unit, format_for_people, nanos_of_cents
from app.domain.people.tables import PersonAccount
from app.domain.refunds import refunds
from app.domain.refunds.refunds import RefundView
from app.domain.refunds.tables import RefundReason, RefundStatus
from app.domain.topups.tables import Topup
from app.domain.wallets.tables import SharedWallet
from app.each_alone import Failed, alone
from app.flows.events.mails import Desk
from app.ports.payments import Rails
from app.sql.columns import table_of

log = structlog.get_logger()

SECONDS_A_RUN = 20
"""How long one connection may keep a run; what it does not come to waits for the next one."""
CALL_SECONDS_MAX = 15
_WHY = {
    RefundReason.MISMATCH: "it was not the amount that was asked for",
    RefundReason.SECOND: "what it was for had been paid already",
}


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

    async def _send_due_of(self, connection_id: str) -> int:
        due_by, tried = clock.now(), 0
        take = partial(refunds.take_due, connection_id=connection_id, due_by=due_by)
        while clock.now() <= due_by + SECONDS_A_RUN * clock.SECOND:
            refund = await db.in_transaction(take, writes=True)
            if refund is None:
                break
            await alone("refund", refund.id, partial(self._go_on, refund))
            tried += 1
        return tried

    async def _go_on(self, refund: RefundView) -> None:
        if not refund.is_told:
            # What keeps people from being told keeps no money; it is told when the refund is due again.
            await alone("refund", f"{refund.id}:tell", partial(self._tell, refund))
        if refund.status in (RefundStatus.ASKED, RefundStatus.PENDING):
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
                                          paid_cents=refund.paid_cents, currency=refund.currency)  # fmt: skip
        except TimeoutError:
            raise Unavailable(f"{connection.rail} did not answer within {CALL_SECONDS_MAX} s.") from None
        status = RefundStatus(state.value)
        await db.in_transaction(lambda session: _note(session, refund, status), writes=True)
        log.info("refund", refund=refund.id, topup=refund.topup_id, step=status)

    async def _tell(self, refund: RefundView) -> None:
        """Tells operators and payer, at least once: it is noted when it was done."""
        amount, why = _amount(refund), _WHY[refund.reason]
        if refund.status is RefundStatus.FAILED:
            await self.desk.alert(
                f"A refund of {amount} failed",
                f"{refund.connection_id} cannot give {refund.payment_id} back to its payer, to whom {amount} are still"
                f" owed: {why}. Top-up: {refund.topup_id}. Refund: {refund.id}.",
            )
        else:
            await self.desk.alert(
                f"A payment of {amount} goes back",
                f"{refund.payment_id} at {refund.connection_id} is refunded in full, because {why}."
                f" Top-up: {refund.topup_id}. Refund: {refund.id}.",
            )
            payer = await db.in_transaction(lambda session: _payer(session, refund.topup_id))
            if payer is not None:
                await self.desk.write(
                    payer,
                    f"Your payment of {amount} is being refunded",
                    f"We received a payment of {amount} from you and refund it in full, because {why}."
                    " You need not do anything; your bank shows it within some days.",
                )
        await db.in_transaction(lambda session: refunds.note_told(session, refund), writes=True)


def _read_up_to_date(session: Session, connection_id: str) -> Connection:
    """Returns a connection. Raises Unavailable where what was given back there already may not be known yet."""
    connection = connections.read_connection(session, connection_id)
    if not health.is_up_to_date(session, connection_id):
        raise Unavailable(
            f"The events of {connection_id} were not read to their end lately; nothing is given back yet."
        )
    return connection


def _note(session: Session, refund: RefundView, status: RefundStatus) -> None:
    posting = refunds.note(session, refund, status)
    if posting is not None:
        apply_one(session, posting)


def _amount(refund: RefundView) -> str:
    if refund.currency == Unit.USD:
        return format_for_people(nanos_of_cents(refund.paid_cents, Unit.USD), Unit.USD)
    return f"{refund.paid_cents // 100}.{refund.paid_cents % 100:02} {refund.currency}"


def _payer(session: Session, topup_id: str) -> str | None:
    """Returns the address of whose wallet a top-up fills; None for an app's user, whom only the app knows."""
    topups, wallets, people = table_of(Topup), table_of(SharedWallet), table_of(PersonAccount)
    return session.scalar(
        select(people.c.email)
        .join(wallets, wallets.c.person_id == people.c.id)
        .join(topups, topups.c.wallet_id == wallets.c.id)
        .where(topups.c.id == topup_id)
    )
