"""Checkouts that ended unpaid: their rail is asked once more, through the one door, and only its word ends a top-up.

A page on which cards are tried out is ended before its time: whoever has it open could go on with it for half an hour.
"""

from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.inbox.connections import read_connection
from app.domain.topups import topups
from app.domain.topups.trying import DECLINES_MAX, DECLINES_SECONDS
from app.each_alone import each_alone
from app.flows.payments.received import EXPIRY, PaymentDoor

log = structlog.get_logger()

BATCH = 100

_OVER = text("""
    SELECT t.id, t.connection_id, t.checkout_id FROM topup t
    WHERE t.status = 'created' AND t.expires_at <= :now AND NOT EXISTS (
        SELECT 1 FROM inbox_event e WHERE e.connection_id = t.connection_id AND e.id = :event || t.id
    ) ORDER BY t.expires_at LIMIT :limit
""")

_TRIED = text("""
    SELECT t.id, t.connection_id, t.checkout_id FROM topup t
    WHERE t.status = 'created' AND t.kind = 'checkout' AND t.expires_at > :now AND t.checkout_id IS NOT NULL AND (
        t.wallet_id IN (
            SELECT d.wallet_id FROM topup d WHERE d.declined_at > :lately
            GROUP BY d.wallet_id HAVING sum(d.declines) >= :most
        ) OR t.network IN (
            SELECT d.network FROM topup d WHERE d.declined_at > :lately AND d.network <> ''
            GROUP BY d.network HAVING sum(d.declines) >= :most
        )
    ) AND NOT EXISTS (
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


async def has_tried() -> bool:
    """Tells whether any open checkout is of a wallet, or a network, whose cards were declined too often."""
    return bool(await db.in_transaction(partial(_read_tried, limit=1)))


async def end_tried(door: PaymentDoor) -> int:
    """Ends the open checkouts of wallets and networks whose cards were declined too often; returns how many there were.

    One that was over already is asked about through the door: it may just have been paid.
    """
    tried = await db.in_transaction(partial(_read_tried, limit=BATCH))
    await each_alone("end_tried", tried, partial(_end, door), lambda one: one.topup_id)
    return len(tried)


async def _end(door: PaymentDoor, one: _Over) -> None:
    if one.checkout_id is None:
        return
    connection = await db.in_transaction(partial(read_connection, connection_id=one.connection_id))
    if await door.rails.reach(connection).end_checkout(one.checkout_id):
        await db.in_transaction(lambda session: _give_up(session, one), writes=True)
        log.warning("topup", topup=one.topup_id, connection=one.connection_id, step="ended_after_declines")
    else:
        await door.receive(one.connection_id, EXPIRY + one.topup_id, one.checkout_id)


def _read_tried(session: Session, limit: int) -> list[_Over]:
    now = clock.now()
    values = {"now": now, "lately": now - DECLINES_SECONDS * clock.SECOND, "most": DECLINES_MAX, "event": EXPIRY,
              "limit": limit}  # fmt: skip
    return [_Over(*row) for row in session.execute(_TRIED, values)]


def _read_over(session: Session) -> list[_Over]:
    rows = session.execute(_OVER, {"now": clock.now(), "event": EXPIRY, "limit": BATCH})
    return [_Over(*row) for row in rows]


def _give_up(session: Session, one: _Over) -> None:
    topups.expire(session, topups.lock(session, one.connection_id, one.topup_id))
