"""Jobs that somebody wants to run now, before it is their time: each is taken by one process."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import NotFound

_KNOWN = text("SELECT 1 FROM job_run WHERE name = :name")
_ASK = text("INSERT INTO job_wish (name, asked_at) VALUES (:name, :now) ON CONFLICT (name) DO NOTHING")
_LIST = text("SELECT name FROM job_wish ORDER BY asked_at, name")
_TAKE = text("DELETE FROM job_wish RETURNING name")


def ask(session: Session, name: str) -> None:
    """Keeps that a job is to run now, once until it does. Raises NotFound for one that never ran by itself."""
    if session.scalar(_KNOWN, {"name": name}) is None:
        raise NotFound(f"There is no job {name[:40]!r} that runs by itself.")
    session.execute(_ASK, {"name": name, "now": clock.now()})


def list_asked(session: Session) -> Sequence[str]:
    """Returns the jobs that are to run now, whose wish came first first."""
    return session.scalars(_LIST).all()


def take(session: Session) -> Sequence[str]:
    """Takes all wishes, and returns their jobs; nobody else gets them."""
    return sorted(session.scalars(_TAKE))
