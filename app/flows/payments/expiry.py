"""Checkouts that ended unpaid: their rail is asked once more, through the one door, and only its word ends a top-up."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.topups import topups
from app.each_alone import each_alone
from app.flows.payments.received import EXPIRY, PaymentDoor

BATCH = 100

_OVER = text("""
    SELECT t.id, t.connection_id, t.checkout_id FROM topup t
    WHERE t.status = 'created' AND t.expires_at <= :now AND NOT EXISTS (
        SELECT 1 FROM inbox_event e WHERE e.connection_id = t.connection_id AND e.id = :event || t.id
    ) ORDER BY t.expires_at LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class _Over:
    """A top-up whose checkout should be over. Without a `checkout_id` nobody was ever sent to one."""

    topup_id: str
    connection_id: str
    checkout_id: str | None


async def expire_checkouts(door: PaymentDoor) -> int:
    """Asks about every checkout whose time is over, once, and returns how many there were."""
    over = await db.in_transaction(_read_over)

    async def ask(one: _Over) -> None:
        if one.checkout_id is None:
            await db.in_transaction(lambda session: _give_up(session, one), writes=True)
        else:
            await door.receive(one.connection_id, EXPIRY + one.topup_id, one.checkout_id)

    await each_alone("expire_checkouts", over, ask, lambda one: one.topup_id)
    return len(over)


def _read_over(session: Session) -> list[_Over]:
    rows = session.execute(_OVER, {"now": clock.now(), "event": EXPIRY, "limit": BATCH})
    return [_Over(*row) for row in rows]


def _give_up(session: Session, one: _Over) -> None:
    topups.expire(session, topups.lock(session, one.connection_id, one.topup_id))
