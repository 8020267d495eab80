"""Refunds, disputes and fraud warnings that a rail tells of: everything that was taken back of the payment is read, and
the books are brought to that (`decisions.md` 13).

What an event says counts for nothing but which payment it is about. A reading takes a number from the top-up before it
begins, and of two that overlap only the one that began last is posted; the other reads again. A bank's dispute is told
by several events at once, so within a process those about one payment wait for each other.

Rows are locked in one order: inbox, top-up, refund or dispute, auto top-up, lots, freeze, then one call of the ledger.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain.cards import auto_topup
from app.domain.cards.tables import OffReason
from app.domain.disputes.found import PaymentTakebacks
from app.domain.disputes.noting import Noted, WarningRules, note_disputes, note_refunds, note_warnings
from app.domain.disputes.settling import has_bearer, settle
from app.domain.disputes.tables import FraudWarning, Funds
from app.domain.errors import NotFound, Unavailable
from app.domain.inbox import health, inbox
from app.domain.inbox.connections import Connection
from app.domain.inbox.inbox import ObjectKind, StoredEvent
from app.domain.instance import instance
from app.domain.refunds import refunds as refund_rows
from app.domain.refunds.tables import RefundStatus
from app.domain.topups import topups
from app.domain.topups.tables import Topup, TopupStatus
from app.domain.wallets.freezes import find_wallet
from app.flows.disputes.desk import DisputeDesk
from app.flows.disputes.lots import catch_up
from app.flows.events.tell import tell_dispute, tell_dispute_closed, tell_refund
from app.flows.payments.refund import Refunds
from app.ports.takebacks import Origin, TakebackReaders

log = structlog.get_logger()

CALL_SECONDS_MAX = 30
READS_MAX = 5
"""How often a reading is begun anew because another began meanwhile, before the event waits."""


class Turns:
    """Lets what is done about one payment be done by one at a time, in this process."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._waiting: Counter[str] = Counter()

    @asynccontextmanager
    async def of(self, payment_id: str) -> AsyncIterator[None]:
        """Holds a payment's turn."""
        lock = self._locks.setdefault(payment_id, asyncio.Lock())
        self._waiting[payment_id] += 1
        try:
            async with lock:
                yield
        finally:
            self._waiting[payment_id] -= 1
            if not self._waiting[payment_id]:
                del self._waiting[payment_id], self._locks[payment_id]


class NotCredited(Unavailable):
    """The payment is known and its top-up was not credited for it yet; that comes first."""

    code = "payment_not_credited"


class Outdated(Unavailable):
    """Another reading of the same payment began later; what this one found may be old."""

    code = "reading_outdated"


@dataclass(frozen=True, slots=True)
class TakebackTaker:
    """Acts on events of refunds, disputes and warnings. `warning_cents_max` is what is given back for a warning alone.

    `refunds` sends what is given back, `disputes` tells of what was disputed.
    """

    readers: TakebackReaders
    refunds: Refunds
    disputes: DisputeDesk
    warning_cents_max: Callable[[], int]
    _turns: Turns = field(default_factory=Turns)

    async def take(self, connection: Connection, event: StoredEvent) -> None:
        """Reads back what was taken of the payment that an event is about, and posts what that changes.

        Raises NotOurs for a payment that names a top-up of another connection; Unavailable, as long as the payment is
        not credited yet, which is then asked for.
        """
        origin = await self._origin(connection, event)
        if origin is None or not await db.in_transaction(partial(_is_ours, origin=origin)):
            await db.in_transaction(partial(_forget, event=event), writes=True)
            return
        async with self._turns.of(origin.payment_id):
            step = await self._bring_up(connection, event, origin)
        log.info("takeback", connection=connection.id, inbox_event=event.id, payment=origin.payment_id, step=step)
        await self.refunds.send_due(connection.id)
        await self.disputes.tell_due()

    async def _bring_up(self, connection: Connection, event: StoredEvent, origin: Origin) -> str:
        """Reads and settles, anew where another process does so too, and says what that came to."""
        for _ in range(READS_MAX):
            try:
                return await self._read_and_settle(connection, event, origin)
            except Outdated:
                continue
            except NotCredited:
                await db.in_transaction(partial(_ask_for_credit, event=event, origin=origin), writes=True)
                raise
        raise Outdated(f"{origin.payment_id} was read {READS_MAX} times, and each time by somebody else as well.")

    async def _origin(self, connection: Connection, event: StoredEvent) -> Origin | None:
        reader = self.readers.reach(connection)
        async with asyncio.timeout(CALL_SECONDS_MAX):
            return await reader.find_origin(event.kind, event.object_id)

    async def _read_and_settle(self, connection: Connection, event: StoredEvent, origin: Origin) -> str:
        number = await db.in_transaction(partial(_begin, connection=connection, origin=origin), writes=True)
        wallet_id = await db.in_transaction(partial(_wallet_of, origin=origin))
        if wallet_id is not None:
            await catch_up(wallet_id)
        reader = self.readers.reach(connection)
        async with asyncio.timeout(CALL_SECONDS_MAX):
            found = await reader.read(origin.payment_id)
        work = partial(_settle, connection=connection, event=event, origin=origin, found=found, number=number,
                       cents_max=self.warning_cents_max())  # fmt: skip
        return await db.in_transaction(work, writes=True)


def _is_ours(session: Session, origin: Origin) -> bool:
    return origin.marks is not None and origin.marks.instance == instance.read_id(session)


def _forget(session: Session, event: StoredEvent) -> None:
    inbox.finish(session, event)


def _lock(session: Session, connection: Connection, origin: Origin) -> Topup | None:
    """Returns the top-up of a payment, locked; None where it has no row, as after a backup was restored."""
    assert origin.marks is not None  # noqa: S101 - only what is ours comes here
    try:
        return topups.lock(session, connection.id, origin.marks.topup_id)
    except NotFound:
        return None


def _begin(session: Session, connection: Connection, origin: Origin) -> int:
    """Takes a number for a reading of the payment, which says that what others read before is old."""
    topup = _lock(session, connection, origin)
    if topup is None:
        return 0
    topup.reads += 1
    session.flush()
    return topup.reads


def _wallet_of(session: Session, origin: Origin) -> str | None:
    topup = None if origin.marks is None else session.get(Topup, origin.marks.topup_id)
    return None if topup is None else topup.wallet_id


def _settle(
    session: Session, connection: Connection, event: StoredEvent, origin: Origin, found: PaymentTakebacks, number: int,
    cents_max: int,
) -> str:  # fmt: skip
    """Does in one transaction all that was found, and says what that was. Raises Outdated, NotCredited."""
    if not inbox.finish(session, event):
        return "done before"
    topup = _lock(session, connection, origin)
    if topup is None or topup.status is not TopupStatus.PAID:
        return _before_credit(session, topup, found)
    if topup.payment_id != origin.payment_id:
        return "another payment's"  # it was never credited, and is refunded whole
    if topup.reads != number:
        raise Outdated(f"Another reading of {origin.payment_id} began after this one.")
    new = note_refunds(session, topup, found.refunds)
    noted = note_disputes(session, topup, found.disputes)
    wallet = find_wallet(session, topup.wallet_id)
    gone = sum(one.cents for one in found.refunds if one.status is not RefundStatus.FAILED)
    out = sum(one.cents for one in found.disputes if one.funds is Funds.OUT or not one.is_refundable)
    left = max(found.paid_cents - gone - out, 0)
    rules = WarningRules(has_bearer(wallet), cents_max)
    if not has_bearer(wallet):
        _check_up_to_date(session, connection, found)
    freezings = noted.freezings + note_warnings(session, topup, found.warnings, rules, left)
    is_frozen = any(one.is_frozen for one in freezings)
    off = partial(auto_topup.switch_off, session, topup.wallet_id, OffReason.FROZEN)
    changed = settle(session, topup, freezings, off if is_frozen else list)
    _tell(session, topup, Noted(new, noted.opened, noted.closed))
    return f"refunds {changed.refunds:+}, disputes {changed.disputes:+}"


def _check_up_to_date(session: Session, connection: Connection, found: PaymentTakebacks) -> None:
    """Raises Unavailable for a new warning, for which money may go back, where what went back lately is not known."""
    is_new = any(session.get(FraudWarning, (connection.id, one.id)) is None for one in found.warnings)
    if is_new and not health.is_up_to_date(session, connection.id):
        raise Unavailable(f"The events of {connection.id} were not read lately, and so nothing goes back by itself.")


def _before_credit(session: Session, topup: Topup | None, found: PaymentTakebacks) -> str:
    """Says why a payment never will be credited that was taken back before it was. Raises NotCredited if it will."""
    gone = sum(one.cents for one in found.refunds if one.status is not RefundStatus.FAILED)
    if gone >= found.paid_cents and not any(one.funds is Funds.OUT for one in found.disputes):
        return "never credited"
    if topup is not None and refund_rows.is_asked(session, topup.connection_id, found.payment_id):
        return "goes back whole"
    raise NotCredited(f"{found.payment_id} has not been credited yet, and is looked at first.")


def _ask_for_credit(session: Session, event: StoredEvent, origin: Origin) -> None:
    """Puts a payment into the inbox that is to be credited, unless that was told already."""
    before = f"before:{event.id}"
    inbox.store(session, StoredEvent(event.connection_id, before, origin.payment_id, ObjectKind.PAYMENT))


def _tell(session: Session, topup: Topup, noted: Noted) -> None:
    """Writes the events of what is new, for the paywall whose link began the top-up alone (`decisions.md` 26)."""
    for refund in noted.refunds:
        tell_refund(session, topup, refund)
    for dispute in noted.opened:
        tell_dispute(session, topup, dispute)
    for dispute in noted.closed:
        tell_dispute_closed(session, topup, dispute)
