"""Refunds of ours: asked → pending → succeeded | failed. What came and cannot be credited goes back whole, once.

The ledger has the money all the while: `world:<connection>` → `payout_transit:<refund>` when it is asked for, and back
when the rail has given it to the payer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.ids import derived_id
from app.domain.ledger.accounts import Kind, parse
from app.domain.ledger.operations import Post, Transfer
from app.domain.money import nanos_of_cents
from app.domain.refunds.tables import TAKEBACKS, Refund, RefundReason, RefundStatus
from app.domain.topups.tables import Topup
from app.domain.topups.topups import PaidPayment
from app.sql.columns import table_of

FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS = 30, 3_600
ERROR_CHARACTERS_MAX = 300
_OPEN = (RefundStatus.ASKED, RefundStatus.PENDING)


@dataclass(frozen=True, slots=True)
class RefundView:
    """A refund as the flow that sends it needs it."""

    id: str
    topup_id: str
    connection_id: str
    payment_id: str
    paid_cents: int
    currency: str
    reason: RefundReason
    status: RefundStatus
    is_told: bool


def refund_id(connection_id: str, payment_id: str) -> str:
    """Returns the id of the one refund that a payment can have for not being creditable."""
    return derived_id("rfd", connection_id, payment_id)


def is_asked(session: Session, connection_id: str, payment_id: str) -> bool:
    """Tells whether a payment goes back, or has gone: it can credit nothing any more."""
    return session.get(Refund, refund_id(connection_id, payment_id)) is not None


def ask(session: Session, topup: Topup, payment: PaidPayment, reason: RefundReason) -> Post | None:
    """Writes the refund of a payment for a locked top-up, and returns the posting for the caller to post.

    There is no posting for a currency other than the dollar. The payment has no refund yet.
    """
    wallet, id_ = parse(topup.account_id), refund_id(payment.connection_id, payment.id)
    transit = wallet.beside(Kind.PAYOUT_TRANSIT, id_) if payment.currency == "USD" else None
    now = clock.now()
    session.add(
        Refund(
            id=id_, topup_id=topup.id, connection_id=payment.connection_id, payment_id=payment.id,
            account_id=None if transit is None else transit.id, paid_cents=payment.paid_cents,
            currency=payment.currency, reason=reason,
            status=RefundStatus.ASKED, attempts=0, created_at=now, next_at=now,
        )
    )  # fmt: skip
    session.flush()
    if transit is None:
        return None
    world = wallet.beside(Kind.WORLD, payment.connection_id)
    amount = nanos_of_cents(payment.paid_cents, wallet.unit)
    details = {"topup": topup.id, "payment": payment.id}
    return Post(f"refund_due:{id_}", (Transfer(world, transit, amount, "refund_due", details=details),))


def _is_due(now: int) -> ColumnElement[bool]:
    table = table_of(Refund)
    return or_(table.c.finished_at.is_(None), table.c.told_at.is_(None)) & (table.c.next_at <= now)


def _has_work() -> ColumnElement[bool]:
    """What a rail was never asked for by us goes on by itself; it is only told of."""
    table = table_of(Refund)
    return (table.c.reason != RefundReason.ELSEWHERE) | table.c.told_at.is_(None)


def has_due(session: Session) -> bool:
    """Tells whether a refund waits for the rail or for words, and its time has come."""
    due = select(table_of(Refund).c.id).where(_is_due(clock.now()), _has_work())
    return session.scalar(due.limit(1)) is not None


def list_due_connections(session: Session) -> Sequence[str]:
    """Returns the connections that have refunds to be gone on with now."""
    connection_id = table_of(Refund).c.connection_id
    due = select(connection_id).where(_is_due(clock.now()), _has_work()).distinct().order_by(connection_id)
    return session.scalars(due).all()


def take_due(
    session: Session, due_by: int, *, connection_id: str | None = None, refund_id: str | None = None
) -> RefundView | None:
    """Returns the refund that waits longest for the rail or for words, of those whose time came by then.

    Only one of a connection, or the one of an id. It is put off, so that no other takes it. None where there is none.
    """
    table, now = table_of(Refund), clock.now()
    wanted = table.c.connection_id == connection_id if refund_id is None else table.c.id == refund_id
    is_due = (wanted, _is_due(due_by), _has_work())
    statement = select(Refund).where(*is_due).order_by(table.c.next_at, table.c.id).limit(1)
    row = session.scalars(statement.with_for_update(skip_locked=True)).first()
    if row is None:
        return None
    row.next_at = now + min(FIRST_PAUSE_SECONDS << min(row.attempts, 20), LAST_PAUSE_SECONDS) * clock.SECOND
    row.attempts += 1
    session.flush()
    return _view(row)


def _view(row: Refund) -> RefundView:
    return RefundView(row.id, row.topup_id, row.connection_id, row.payment_id, row.paid_cents, row.currency, row.reason,
                      row.status, row.told_at is not None)  # fmt: skip


def note(session: Session, refund: RefundView, status: RefundStatus) -> Post | None:
    """Keeps what the rail said of an open refund, and returns the posting of one that succeeded now."""
    row = session.get(Refund, refund.id, with_for_update=True)
    if row is None or row.status not in _OPEN:
        return None
    row.status, row.last_error = status, None
    row.finished_at = None if status in _OPEN else clock.now()
    if status is RefundStatus.FAILED:
        row.told_at, row.next_at = None, clock.now()
    session.flush()
    if status is not RefundStatus.SUCCEEDED or row.account_id is None:
        return None
    transit = parse(row.account_id)
    world = transit.beside(Kind.WORLD, row.connection_id)
    amount = nanos_of_cents(row.paid_cents, transit.unit)
    details = {"topup": row.topup_id, "payment": row.payment_id}
    return Post(f"refund:{row.id}", (Transfer(transit, world, amount, "refund", details=details),))


def note_error(session: Session, refund: RefundView, error: str) -> None:
    """Keeps why the rail could not be asked; it is asked again when the pause has passed."""
    row = session.get(Refund, refund.id, with_for_update=True)
    if row is not None and row.status in _OPEN:
        row.last_error = error[:ERROR_CHARACTERS_MAX]
        session.flush()


def note_told(session: Session, refund: RefundView) -> None:
    """Notes that payer and operator know of a refund; of one that failed since it was taken they do not know yet."""
    row = session.get(Refund, refund.id, with_for_update=True)
    has_failed = row is not None and row.status is RefundStatus.FAILED
    if row is not None and row.told_at is None and has_failed is (refund.status is RefundStatus.FAILED):
        row.told_at = clock.now()
        session.flush()


def count_owed(session: Session) -> Mapping[RefundStatus, int]:
    """Returns how many refunds have not reached their payers, by how far they are.

    One that failed of a payment that was credited is owed to nobody: the money is in the wallet again.
    """
    table = table_of(Refund)
    is_back = (table.c.status == RefundStatus.FAILED) & table.c.reason.in_(TAKEBACKS)
    owed = select(table.c.status, func.count()).where(table.c.status != RefundStatus.SUCCEEDED, ~is_back)
    return {row[0]: row[1] for row in session.execute(owed.group_by(table.c.status))}


def has_any(session: Session, topup_id: str) -> bool:
    """Tells whether a payment for a top-up goes back, or has gone, because it could not be credited."""
    table = table_of(Refund)
    of_topup = (table.c.topup_id == topup_id, table.c.reason.not_in(TAKEBACKS))
    return session.scalar(select(table.c.id).where(*of_topup).limit(1)) is not None
