"""The inbox: stored first, acted on later, finished in the transaction that acts. Duplicates change nothing."""

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.inbox.tables import InboxEvent
from app.sql.columns import table_of

_STORE = text(
    "INSERT INTO inbox_event (id, rail, payment_id, received_at, attempts)"
    " VALUES (:id, :rail, :payment_id, :now, 0) ON CONFLICT DO NOTHING"
)


def store(session: Session, event_id: str, rail: str, payment_id: str) -> None:
    """Keeps an event, once."""
    session.execute(_STORE, {"id": event_id, "rail": rail, "payment_id": payment_id, "now": clock.now()})


def unhandled(session: Session, older_than_seconds: float, limit: int) -> list[tuple[str, str, str]]:
    """Returns (event id, rail, payment id) of events that nobody finished, the least tried and then the oldest first.

    Events that fail again and again never keep the others from their turn.
    """
    table = table_of(InboxEvent)
    before = clock.now() - int(older_than_seconds * clock.SECOND)
    statement = (
        select(table.c.id, table.c.rail, table.c.payment_id)
        .where(table.c.handled_at.is_(None), table.c.received_at <= before)
        .order_by(table.c.attempts, table.c.received_at)
        .limit(limit)
    )
    return [(row.id, row.rail, row.payment_id) for row in session.execute(statement)]


def finish(session: Session, event_id: str, error: str | None = None) -> bool:
    """Marks an event as handled; False if another process was first. An `error` is final and is kept."""
    event = session.get(InboxEvent, event_id, with_for_update=True)
    if event is None or event.handled_at is not None:
        return False
    event.handled_at, event.last_error = clock.now(), error
    session.flush()
    return True


def postpone(session: Session, event_id: str, error: str) -> None:
    """Notes that acting on an event failed for now; the inbox job tries again."""
    event = session.get(InboxEvent, event_id, with_for_update=True)
    if event is not None and event.handled_at is None:
        event.attempts += 1
        event.last_error = error
        session.flush()
