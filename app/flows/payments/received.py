"""The only door for card money: an event is stored, the payment read back from its rail, the wallet credited.

Whoever learns a payment's id (a webhook, a page that a payer comes back to, a list) brings it here. Every step may be
cut and repeated: the inbox job finishes what was stored, and a payment credits once. Money that came and cannot be
credited goes back whole (`app/flows/payments/refund.py`).

Rows are locked in one order, so that no two transactions wait for each other: inbox, top-up, refund, a
card's charge, automatic top-up, card, then one call of the ledger with all that is posted.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.cards import charges, sums
from app.domain.disputes.settling import lift
from app.domain.errors import CoinslotError, NotFound, Unavailable
from app.domain.inbox import connections, inbox
from app.domain.inbox.connections import Connection, share_an_account
from app.domain.inbox.inbox import ObjectKind, StoredEvent
from app.domain.ledger.accounts import parse
from app.domain.ledger.apply import apply_all, apply_one
from app.domain.refunds import refunds
from app.domain.refunds.tables import RefundReason
from app.domain.topups import topups, trying
from app.domain.topups.tables import Topup, TopupKind
from app.domain.topups.topups import NotOurs, OfAnother, PaidPayment, Verdict
from app.each_alone import Failed, alone
from app.flows.events.mails import Desk
from app.flows.events.tell import tell_auto_topup, tell_checkout, tell_deposit
from app.flows.payments.owners import tell_refused
from app.flows.payments.refund import Refunds
from app.flows.payments.restore import find_topup, is_ours
from app.ports.payments import Marks, Payment, PaymentStatus, Rails, SandboxCheckouts
from app.ports.rail_errors import KeyRefused

log = structlog.get_logger()

BATCH = 100
SECONDS_A_RUN = 20
"""How long one connection may keep a run of the inbox job; what it does not come to waits for the next one."""
CALL_SECONDS_MAX = 15
ALERTS_AN_HOUR = 10
"""How many mails an hour one connection's refused events are worth; the log and the inbox have them all."""
NOT_FOUND_ATTEMPTS_MAX = 80
"""How often it is tried again, over three days, what its rail does not know or does not end; then it is final."""
STRIPE = "stripe"
"""The rail whose accounts tell us of themselves."""
RETURN = "return:"
"""What the event of ours begins with that asks about a checkout whose payer came back."""
EXPIRY = "expiry:"
"""What the event of ours begins with that asks how a checkout ended whose time is over."""
SAVED = "saved:"
"""What the event of ours begins with that tells of a saved card."""


class NotOver(NotFound):
    """A checkout whose time is over, and of which its rail does not say that it has ended: money may be on its way."""


_MAY_STILL_COME = (PaymentStatus.UNPAID, PaymentStatus.PENDING, PaymentStatus.DECLINED)


class ObjectTaker(Protocol):
    """Acts on events of one kind of object, other than payments."""

    async def take(self, connection: Connection, event: StoredEvent) -> None:
        """Reads the object back, outside any transaction, and acts on it in one that begins with `inbox.finish`.

        Does nothing where that says that another was first. Raises NotOurs for what can never move anything, which
        ends the event; whatever else it raises puts the event off.
        """
        ...


@dataclass(frozen=True, slots=True)
class PaymentDoor:
    """Takes payments in. `refunds` sends back what cannot be credited, `desk` tells the operators what is strange.

    `others` act on what is no payment; an event of a kind that nobody here understands waits for who does.
    """

    rails: Rails
    refunds: Refunds
    desk: Desk
    others: Mapping[ObjectKind, ObjectTaker] = field(default_factory=dict)

    async def receive(
        self, connection_id: str, event_id: str, object_id: str, kind: ObjectKind = ObjectKind.PAYMENT
    ) -> str | None:
        """Takes a connection's word that something happened to one of its objects, and acts on what the rail then says.

        Returns what a payment came to: a verdict, or the status of one that is not paid; None where it was put off.
        Raises NotFound for a connection that there is not, Unavailable if the event could not be stored; the rail
        sends it again. Whatever goes wrong after that is the inbox job's.
        """
        return await self.act_on(StoredEvent(connection_id, event_id, object_id, kind))

    async def act_on(self, told: StoredEvent) -> str | None:
        """Stores an event, unless it is stored, and acts on it as `receive` does."""
        connection, event = await db.in_transaction(partial(_store, event=told), writes=True)
        return await self._take(connection, event)

    async def has_due(self) -> bool:
        """Tells whether any stored event is to be tried now."""
        return bool(await db.in_transaction(inbox.list_due_connections))

    async def finish_inbox(self) -> int:
        """Acts on stored events that nobody finished, of all connections beside each other; returns how many it tried.

        A connection that is slow or away keeps no other waiting.
        """
        due = await db.in_transaction(inbox.list_due_connections)
        found = await asyncio.gather(*(alone("inbox", name, partial(self._finish_of, name)) for name in due))
        return sum(tried for tried in found if not isinstance(tried, Failed))

    async def _finish_of(self, connection_id: str) -> int:
        connection, events = await db.in_transaction(partial(_due_of, connection_id=connection_id))
        ends_at, tried = clock.now() + SECONDS_A_RUN * clock.SECOND, 0
        for event in events:
            if clock.now() > ends_at:
                break
            await self._take(connection, event)
            tried += 1
        return tried

    async def _take(self, connection: Connection, event: StoredEvent) -> str | None:
        """Acts on an event; one that fails, whatever the reason, is put off and keeps the reason."""
        name = f"{event.connection_id}:{event.id}"
        came = await alone("topup_received", name, partial(self._act, connection, event))
        if isinstance(came, Failed):
            await alone("topup_received", name, partial(self._put_off, connection, event, came.error))
            return None
        return came

    async def _put_off(self, connection: Connection, event: StoredEvent, error: Exception) -> None:
        if isinstance(error, KeyRefused):
            await tell_refused(self.desk, connection, error)
        failures = await _postpone(event, _reason(error))
        if isinstance(error, NotFound) and failures >= NOT_FOUND_ATTEMPTS_MAX:
            await self._refuse(event, NotOurs(f"Given up after {failures} attempts. {error.message}"))

    async def _act(self, connection: Connection, event: StoredEvent) -> str | None:
        try:
            return await self._act_by_kind(connection, event)
        except NotOurs as refused:
            await self._refuse(event, refused)
            return None

    async def _act_by_kind(self, connection: Connection, event: StoredEvent) -> str | None:
        if event.kind is ObjectKind.PAYMENT:
            return await self._take_payment(connection, event)
        if (taker := self.others.get(event.kind)) is None:
            raise Unavailable(f"Nobody in this process understands a {event.kind}.")
        await taker.take(connection, event)
        return None

    async def _take_payment(self, connection: Connection, event: StoredEvent) -> str:
        payment = await self._read(connection, event)
        step = await db.in_transaction(lambda session: _settle(session, connection, event, payment), writes=True)
        topup_id = None if payment.marks is None else payment.marks.topup_id
        log.info("topup_received", connection=connection.id, inbox_event=event.id, topup=topup_id, step=step)
        if step in (Verdict.MISMATCH, Verdict.SECOND):
            await self.refunds.send_due(connection.id)
        if step == Verdict.CREDITS and payment.saved_card_ref is not None:
            await self.act_on(_saving(connection, payment.saved_card_ref))
        return step

    async def _read(self, connection: Connection, event: StoredEvent) -> Payment:
        rail = self.rails.reach(connection)
        try:
            async with asyncio.timeout(CALL_SECONDS_MAX):
                return await rail.read_payment(event.object_id)
        except TimeoutError:
            raise Unavailable(f"{connection.rail} did not answer within {CALL_SECONDS_MAX} s.") from None

    async def _refuse(self, event: StoredEvent, refused: NotOurs) -> None:
        """Ends an event that can never move anything, keeps the reason, and tells the operators."""

        def end(session: Session) -> int:
            here = event.connection_id
            # What another connection to the same account made, that one hears of as well: nothing is wrong.
            is_twin = isinstance(refused, OfAnother) and share_an_account(session, here, refused.connection_id)
            if not inbox.finish(session, event, None if is_twin else refused.message) or is_twin:
                return 0
            return inbox.count_refused(session, here, clock.now() - 3_600 * clock.SECOND)

        lately = await db.in_transaction(end, writes=True)
        log.error("topup_received", connection=event.connection_id, inbox_event=event.id, step="refused",
                  error=refused.message)  # fmt: skip
        if 0 < lately <= ALERTS_AN_HOUR:
            await self.desk.alert(
                f"A payment of {event.connection_id} was refused",
                f"{refused.message}\n\nNothing was credited and nothing refunded. Event: {event.id}.",
            )


async def pay_in_sandbox(door: PaymentDoor, rail: SandboxCheckouts, token: str, outcome: PaymentStatus) -> None:
    """Ends a sandbox checkout as its user chose, through the same door as real money. Raises LinkInvalid."""
    payment_id = rail.payment_id(token, outcome)
    await door.receive(rail.connection_id, f"{rail.name}:{payment_id}", payment_id)


def _store(session: Session, event: StoredEvent) -> tuple[Connection, StoredEvent]:
    return connections.read_connection(session, event.connection_id), inbox.store(session, event)


def _due_of(session: Session, connection_id: str) -> tuple[Connection, list[StoredEvent]]:
    connection = connections.read_connection(session, connection_id)
    return connection, list(inbox.list_due(session, connection_id, BATCH))


async def _postpone(event: StoredEvent, reason: str) -> int:
    failures = await db.in_transaction(lambda session: inbox.postpone(session, event, reason), writes=True)
    log.warning("topup_received", connection=event.connection_id, inbox_event=event.id, step="postponed", error=reason)
    return failures


def _reason(error: Exception) -> str:
    if isinstance(error, CoinslotError):
        return error.message
    return f"Something went wrong on our side ({type(error).__name__})."


def _settle(session: Session, connection: Connection, event: StoredEvent, payment: Payment) -> str:
    """Does in one transaction all that a payment means, and says what that was. Raises NotOurs."""
    if not inbox.finish(session, event):
        return "done before"
    marks = payment.marks
    if event.id.startswith(EXPIRY) and payment.status in _MAY_STILL_COME:
        raise NotOver(f"{event.object_id} has not ended at its rail.")
    if marks is None or not is_ours(session, connection, marks):
        return "not ours"
    if payment.status is PaymentStatus.EXPIRED:
        topups.expire(session, find_topup(session, connection, marks))
        return payment.status
    if payment.status is PaymentStatus.DECLINED and not event.id.startswith(RETURN):
        _note_decline(session, connection, marks)
    if payment.status is not PaymentStatus.PAID:
        return payment.status
    return _judge(session, connection, find_topup(session, connection, marks), payment)


def _note_decline(session: Session, connection: Connection, marks: Marks) -> None:
    """Counts a decline; one of a top-up that is not there, or not of this connection, is nobody's."""
    with suppress(NotFound, NotOurs):
        trying.note_decline(session, topups.lock(session, connection.id, marks.topup_id))


def _judge(session: Session, connection: Connection, topup: Topup, payment: Payment) -> str:
    if refunds.is_asked(session, connection.id, payment.id):
        return "refunded before"
    paid = PaidPayment(payment.id, connection.id, topup.id, payment.paid_cents, payment.currency, payment.is_live)
    verdict = topups.judge(topup, paid)
    credited = topups.find_credited(session, connection.id, payment.id)
    if credited not in (None, topup.id):
        # Whoever owns the account can change what a payment says that it is for.
        raise NotOurs(f"{payment.id} was credited for {credited} before, and now says that it is for {topup.id}.")
    if verdict is not Verdict.KNOWN and payment.refunded_cents >= payment.paid_cents:
        return "given back before"  # by refunds that a restored backup has forgotten, or by the account's owner
    if verdict is Verdict.CREDITS:
        credit = topups.pay(session, topup, payment.id)
        ended = charges.note_paid(session, topup)
        apply_all(session, [credit, *ended, *lift(session, parse(topup.account_id), topup.credited_nanos)])
        _tell(session, connection, topup)
        if payment.saved_card_ref is not None:
            # Beside the credit, so that whatever is cut after it the card is kept: its own event reads it back.
            inbox.store_new(session, _saving(connection, payment.saved_card_ref))
    elif verdict is not Verdict.KNOWN:
        posting = refunds.ask(session, topup, paid, RefundReason(verdict.value))
        if posting is not None:
            apply_one(session, posting)
    return verdict


def _saving(connection: Connection, card_ref: str) -> StoredEvent:
    return StoredEvent(connection.id, SAVED + card_ref, card_ref, ObjectKind.CARD)


def _tell(session: Session, connection: Connection, topup: Topup) -> None:
    """Tells the paywall whose link began the top-up, and nobody else (`decisions.md` 26)."""
    told = sums.read_told(session, topup.id)
    if told is not None and told.kind is TopupKind.AUTO:
        tell_auto_topup(session, told.use.paywall_id, told.use.user, topup.id, topup.paid_cents)
    if topup.paywall_id is None or topup.external_id is None:
        return
    unit = parse(topup.account_id).unit.value
    tell_deposit(session, topup.paywall_id, topup.external_id, topup.id, topup.credited_nanos, unit,
                 f"{connection.rail}.checkout")  # fmt: skip
    if connection.rail == STRIPE and topup.checkout_id is not None:
        tell_checkout(session, topup.paywall_id, topup.external_id, topup.checkout_id, topup.credited_nanos, unit)
