"""When each job ran last, and how that went: seen from outside, by an operator or a monitor."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.leases.tables import JobRun
from app.sql.columns import table_of

ERROR_CHARACTERS_MAX = 300
LATE_TIMES, LATE_SECONDS_MIN = 3, 300
"""A job is late after so many of its pauses without a success, and never before so many seconds."""

_NOTE = text("""
    INSERT INTO job_run (name, every_ms, started_at, succeeded_at, last_error, failing_since)
    VALUES (:name, :every_ms, :started_at, :succeeded_at, :error, :failing_since)
    ON CONFLICT (name) DO UPDATE SET every_ms = excluded.every_ms, started_at = excluded.started_at,
        succeeded_at = coalesce(excluded.succeeded_at, job_run.succeeded_at), last_error = excluded.last_error,
        failing_since = CASE WHEN excluded.last_error IS NULL THEN NULL
                        ELSE coalesce(job_run.failing_since, excluded.failing_since) END
""")


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as it ran last; times in microseconds. `last_error` and `failing_since` are None after a success."""

    name: str
    every_seconds: float
    started_at: int
    succeeded_at: int | None
    last_error: str | None
    failing_since: int | None = None

    @property
    def next_at(self) -> int:
        """When it runs next."""
        return self.started_at + int(self.every_seconds * clock.SECOND)

    def is_late(self, now: int) -> bool:
        """Tells whether it has had no success for too long."""
        most = max(self.every_seconds * LATE_TIMES, LATE_SECONDS_MIN) * clock.SECOND
        return now - (self.succeeded_at or 0) > most


def note(session: Session, name: str, every_seconds: float, started_at: int, error: str | None) -> None:
    """Keeps how a job went that began at a time and has just ended."""
    said = None if error is None else error[:ERROR_CHARACTERS_MAX]
    values = {"name": name, "every_ms": int(every_seconds * 1_000), "started_at": started_at, "error": said,
              "succeeded_at": clock.now() if error is None else None,
              "failing_since": None if error is None else started_at}  # fmt: skip
    session.execute(_NOTE, values)


def read_all(session: Session) -> Sequence[JobView]:
    """Returns every job that ever ran, by name."""
    table = table_of(JobRun)
    return [
        JobView(row.name, row.every_ms / 1_000, row.started_at, row.succeeded_at, row.last_error, row.failing_since)
        for row in session.execute(select(table).order_by(table.c.name))
    ]
