"""Legs that whoever asked wants to hear no more of, said to the process that answers them by one that does not.

Each is a row, once however often it is asked; the process that answers takes it away, and one that nobody took is
forgotten.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.legs.tables import LegStop
from app.domain.record import record
from app.sql.columns import table_of
from app.sql.in_lists import in_list

TABLE = table_of(LegStop)
KEPT = 3_600 * clock.SECOND
"""How long one is kept that nobody takes, because its request has ended or its process is lost; in microseconds."""

_ASK = text(
    "INSERT INTO leg_stop (request_id, leg, account_id, asked_at) VALUES (:request_id, :leg, :account_id, :now)"
    " ON CONFLICT (request_id, leg) DO NOTHING"
)


@record(frozen=True, slots=True)
class Stop:
    """A leg of an account's own request that is to end."""

    account_id: str
    request_id: str
    leg: int


def ask(session: Session, stop: Stop) -> None:
    """Keeps that a leg is to end; whether it is theirs was looked at before."""
    values = {"request_id": stop.request_id, "leg": stop.leg, "account_id": stop.account_id, "now": clock.now()}
    session.execute(_ASK, values)


def are_asked(session: Session, request_ids: Collection[str]) -> bool:
    """Tells whether a leg of any of these requests is to end."""
    found = select(TABLE.c.leg).where(TABLE.c.request_id.in_(in_list(request_ids))).limit(1)
    return session.execute(found).first() is not None


def take(session: Session, request_ids: Collection[str]) -> Sequence[Stop]:
    """Takes what is to end of these requests, which nobody else answers."""
    ours = delete(TABLE).where(TABLE.c.request_id.in_(in_list(request_ids)))
    taken = session.execute(ours.returning(TABLE.c.account_id, TABLE.c.request_id, TABLE.c.leg))
    return [Stop(*row) for row in taken]


def forget(session: Session) -> int:
    """Forgets what nobody took, and returns how many that were."""
    gone = session.execute(delete(TABLE).where(TABLE.c.asked_at < clock.now() - KEPT))
    return int(gone.rowcount)  # type: ignore[attr-defined]
