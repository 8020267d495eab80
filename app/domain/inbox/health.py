"""How a connection fares: whether its events are read, its endpoint sends, and its key is accepted."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import NotFound
from app.domain.ids import as_id
from app.domain.inbox.access import lock
from app.domain.inbox.tables import ConnectionRow, EndpointStatus
from app.domain.money import Environment

READ_SECONDS_MAX = 15 * 60
"""How old the end of the list of events may be for anything to be charged or given back by itself."""
LIST_SECONDS, LIST_SOON_SECONDS = 300, 10
"""How often the list of events is read; the second while a checkout is open and no endpoint tells of it."""
REFUSED_SECONDS = 86_400
"""How long a refusal is kept that does not come again; its owner is not told twice in that time."""
OVERLAP_SECONDS = 600
"""How much of the list is read again each time: events come into it late, and out of order."""
ERROR_CHARACTERS_MAX = 300

_DUE = text("""
    SELECT c.id FROM connection c WHERE c.rail = :rail AND c.key_sealed IS NOT NULL AND (
        c.events_read_at IS NULL OR c.events_read_at <= :late
        OR c.events_read_at <= :soon AND (c.endpoint_status IS NULL OR c.endpoint_status <> 'enabled') AND EXISTS (
            SELECT 1 FROM topup t WHERE t.connection_id = c.id AND t.status = 'created' AND t.checkout_id IS NOT NULL
            AND t.expires_at > :now
        )
    ) ORDER BY c.id
""")


@dataclass(frozen=True, slots=True)
class Health:
    """A connection as its owner sees it; times in microseconds, None for what never happened.

    `has_key` is False after it was deleted. `settles_usd` is None where the rail did not say. `endpoint_status` is None
    without an endpoint of ours there, as on an instance without a public https address. `events_read_at` is when the
    list of events was last read to its end. `refused_at` is since when the rail refuses our key, and `last_error` what
    it says; both are None while it accepts it.
    """

    connection_id: str
    rail: str
    environment: Environment
    paywall_id: str | None
    account: str | None
    has_key: bool
    is_open: bool
    settles_usd: bool | None
    endpoint_status: EndpointStatus | None
    checked_at: int | None
    events_read_at: int | None
    refused_at: int | None
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Cursor:
    """From where a connection's events are to be read, in seconds of the rail's clock."""

    since: int


def read_health(session: Session, connection_id: str) -> Health:
    """Returns how a connection fares. Raises NotFound."""
    row = session.get(ConnectionRow, as_id(connection_id))
    if row is None:
        raise NotFound("There is no such connection.")
    return Health(
        connection_id=row.id,
        rail=row.rail,
        environment=row.environment,
        paywall_id=row.paywall_id,
        account=row.account,
        has_key=row.key_sealed is not None,
        is_open=row.disconnected_at is None,
        settles_usd=None if row.settles_usd is None else bool(row.settles_usd),
        endpoint_status=row.endpoint_status,
        checked_at=row.checked_at,
        events_read_at=row.events_read_at,
        refused_at=row.refused_at,
        last_error=row.last_error,
    )


def is_up_to_date(session: Session, connection_id: str) -> bool:
    """Tells whether all events of a connection are known that there were 15 minutes ago.

    Where it is not, as after a backup was restored, nothing is charged or given back by itself: what was done meanwhile
    is not known. True for a connection that has no list of events, such as the sandbox. Raises NotFound.
    """
    row = session.get(ConnectionRow, as_id(connection_id))
    if row is None:
        raise NotFound("There is no such connection.")
    if row.key_sealed is None:
        return True
    return row.events_read_at is not None and row.events_read_at > clock.now() - READ_SECONDS_MAX * clock.SECOND


def list_due(session: Session, rail: str) -> Sequence[str]:
    """Returns the connections of a rail whose list of events is to be read now."""
    now = clock.now()
    late, soon = (now - seconds * clock.SECOND for seconds in (LIST_SECONDS, LIST_SOON_SECONDS))
    return session.scalars(_DUE, {"rail": rail, "late": late, "soon": soon, "now": now}).all()


def read_cursor(session: Session, connection_id: str) -> Cursor:
    """Returns from where on a connection's events are to be read: ten minutes before the last that was seen.

    For a connection whose list was never read that is an hour before it was made, whatever the clocks say.
    """
    row = session.get_one(ConnectionRow, connection_id)
    if row.events_read_to is None:
        return Cursor(row.created_at // clock.SECOND - 3_600)
    return Cursor(row.events_read_to - OVERLAP_SECONDS)


def note_events_read(session: Session, connection_id: str, began_at: int, newest: int | None) -> None:
    """Notes that the list of events was read to its end by a reading that began then; `newest` is the last it had.

    The cursor never goes back, and only what the list said moves it.
    """
    row = lock(session, connection_id)
    row.events_read_at = max(row.events_read_at or 0, began_at)
    if newest is not None:
        row.events_read_to = max(row.events_read_to or 0, newest)
    _accepted(row)
    session.flush()


def note_checked(session: Session, connection_id: str, status: EndpointStatus | None) -> bool:
    """Notes how the endpoint was found; True if it stopped sending since it was last looked at."""
    row = lock(session, connection_id)
    stopped = row.endpoint_status is EndpointStatus.ENABLED and status not in (None, EndpointStatus.ENABLED)
    row.endpoint_status, row.checked_at = status, clock.now()
    _accepted(row)
    session.flush()
    return stopped


def note_refused(session: Session, connection_id: str, error: str) -> None:
    """Notes that the rail refuses our key, for whoever can to tell its owner."""
    row = lock(session, connection_id)
    row.refused_at, row.last_error = row.refused_at or clock.now(), error[:ERROR_CHARACTERS_MAX]
    session.flush()


def take_untold(session: Session, connection_id: str) -> str | None:
    """Returns what an owner is to be told now of a key that is refused, which is so once; None otherwise."""
    row = lock(session, connection_id)
    if row.refused_at is None or row.told_at is not None:
        return None
    row.told_at = clock.now()
    session.flush()
    return row.last_error


def _accepted(row: ConnectionRow) -> None:
    """Forgets a refusal of the day before. One call that is allowed says nothing of another that was not, and a key
    that is not known any more is replaced, which forgets it at once."""
    if row.refused_at is not None and row.refused_at <= clock.now() - REFUSED_SECONDS * clock.SECOND:
        row.refused_at = row.told_at = row.last_error = None
