"""Leases: a process is alive, or runs a job, until its lease ends."""

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.leases.tables import Lease
from app.sql.columns import table_of

PROCESS = "process:"
"""Prefix of the leases that keep a process's holds alive."""

_TAKE = text(
    "INSERT INTO lease (name, owner, expires_at) VALUES (:name, :owner, :expires_at)"
    " ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at"
    " WHERE lease.owner = excluded.owner OR lease.expires_at < :now"
)


def take(session: Session, name: str, owner: str, seconds: float) -> bool:
    """Takes or renews a lease; False if somebody else has it."""
    now = clock.now()
    values = {"name": name, "owner": owner, "now": now, "expires_at": now + int(seconds * clock.SECOND)}
    return bool(session.execute(_TAKE, values).rowcount)  # type: ignore[attr-defined]


def give_up(session: Session, name: str, owner: str) -> None:
    """Ends a lease early, if it is still the owner's."""
    table = table_of(Lease)
    session.execute(delete(table).where(table.c.name == name, table.c.owner == owner))


def living_processes(session: Session) -> set[str]:
    """Returns the processes whose lease has not ended."""
    table = table_of(Lease)
    living = select(table.c.owner).where(table.c.name.startswith(PROCESS), table.c.expires_at >= clock.now())
    return set(session.scalars(living))


def declare_all_dead(session: Session) -> None:
    """Ends all leases: a process that starts on a SQLite file knows that its predecessors and their jobs are gone."""
    session.execute(delete(table_of(Lease)))
