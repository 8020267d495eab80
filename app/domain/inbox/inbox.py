"""The inbox: stored first, acted on later, finished in the transaction that acts. Duplicates change nothing.

What fails is tried again, later and later, and stays to be seen; it keeps neither another event nor another connection
from its turn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, select, text
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.inbox.tables import InboxEvent
from app.domain.inbox.tables import ObjectKind as ObjectKind
from app.sql.columns import table_of

FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS = 30, 3_600
ERROR_CHARACTERS_MAX = 300

_STORE = text(
    "INSERT INTO inbox_event (connection_id, id, kind, object_id, received_at, next_at, attempts)"
    " VALUES (:connection_id, :id, :kind, :object_id, :now, :next_at, 0) ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event of a connection: which one it is, and of which of the rail's objects it tells, of what kind."""

    connection_id: str
    id: str
    object_id: str
    kind: ObjectKind = ObjectKind.PAYMENT


def store(session: Session, event: StoredEvent) -> StoredEvent:
    """Keeps an event, once, and returns it as it was told first; the job leaves it alone for a moment."""
    now = clock.now()
    session.execute(
        _STORE,
        {"connection_id": event.connection_id, "id": event.id, "kind": event.kind.value, "object_id": event.object_id,
         "now": now, "next_at": now + FIRST_PAUSE_SECONDS * clock.SECOND},
    )  # fmt: skip
    stored = session.get_one(InboxEvent, (event.connection_id, event.id))
    return StoredEvent(stored.connection_id, stored.id, stored.object_id, stored.kind)


def store_new(session: Session, event: StoredEvent) -> bool:
    """Keeps an event that nobody acts on yet, for the job to do at once; False for one that was known."""
    values = {"connection_id": event.connection_id, "id": event.id, "kind": event.kind.value,
              "object_id": event.object_id, "now": clock.now(), "next_at": clock.now()}  # fmt: skip
    return bool(session.execute(_STORE, values).rowcount)  # type: ignore[attr-defined]


def is_known(session: Session, connection_id: str, event_id: str) -> bool:
    """Tells whether an event was ever stored."""
    return session.get(InboxEvent, (connection_id, event_id)) is not None


def list_due_connections(session: Session) -> list[str]:
    """Returns the connections that have events to be tried now."""
    table = table_of(InboxEvent)
    is_due = (table.c.handled_at.is_(None), table.c.next_at <= clock.now())
    return list(
        session.scalars(select(table.c.connection_id).where(*is_due).distinct().order_by(table.c.connection_id))
    )


def list_due(session: Session, connection_id: str, limit: int) -> Sequence[StoredEvent]:
    """Returns a connection's events to be tried now, the least tried and then the oldest first."""
    table = table_of(InboxEvent)
    statement = (
        select(table.c.connection_id, table.c.id, table.c.object_id, table.c.kind)
        .where(table.c.connection_id == connection_id, table.c.handled_at.is_(None), table.c.next_at <= clock.now())
        .order_by(table.c.attempts, table.c.received_at, table.c.id)
        .limit(limit)
    )
    return [StoredEvent(*row) for row in session.execute(statement)]


def finish(session: Session, event: StoredEvent, error: str | None = None) -> bool:
    """Marks an event as handled; False if another process was first. An `error` is final and is kept."""
    stored = _locked(session, event)
    if stored is None or stored.handled_at is not None:
        return False
    stored.handled_at, stored.last_error = clock.now(), error
    session.flush()
    return True


def postpone(session: Session, event: StoredEvent, error: str) -> int:
    """Notes that acting on an event failed; it is tried again after 30 s, then after twice as long, up to an hour.

    Returns how often it has failed so far, 0 for one that another has finished.
    """
    stored = _locked(session, event)
    if stored is None or stored.handled_at is not None:
        return 0
    stored.next_at = clock.now() + pause_seconds(stored.attempts) * clock.SECOND
    stored.attempts += 1
    stored.last_error = error[:ERROR_CHARACTERS_MAX]
    session.flush()
    return stored.attempts


def count_refused(session: Session, connection_id: str, since: int) -> int:
    """Returns how many of a connection's events were refused for good since a time."""
    table = table_of(InboxEvent)
    refused = (table.c.handled_at.is_not(None), table.c.last_error.is_not(None), table.c.handled_at >= since)
    counted = select(func.count()).select_from(table).where(table.c.connection_id == connection_id, *refused)
    return session.execute(counted).scalar_one()


def count_waiting(session: Session) -> Mapping[str, tuple[int, int]]:
    """Returns, by connection, how many events wait, and how many of them have failed before."""
    table = table_of(InboxEvent)
    failed = func.sum(case((table.c.attempts > 0, 1), else_=0))
    counted = select(table.c.connection_id, func.count(), failed).where(table.c.handled_at.is_(None))
    return {name: (waiting, int(failing)) for name, waiting, failing in
            session.execute(counted.group_by(table.c.connection_id))}  # fmt: skip


def pause_seconds(attempts_before: int) -> int:
    """Returns how long to wait after a failure, given how many there were before it."""
    return min(FIRST_PAUSE_SECONDS << min(attempts_before, 20), LAST_PAUSE_SECONDS)


def _locked(session: Session, event: StoredEvent) -> InboxEvent | None:
    return session.get(InboxEvent, (event.connection_id, event.id), with_for_update=True)
