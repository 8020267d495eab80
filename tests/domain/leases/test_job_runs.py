"""How a job went stays to be seen: the last success beside the last failure."""

import pytest

from app import db
from app.domain import clock
from app.domain.leases.job_runs import note, read_all


def test_a_failure_keeps_the_last_success(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    with db.transaction() as session:
        note(session, "audit", 900, now - clock.SECOND, None)
        note(session, "audit", 900, now, "It went wrong. " * 100)
        (job,) = read_all(session)
    assert (job.succeeded_at, job.started_at, job.next_at) == (now, now, now + 900 * clock.SECOND)
    assert job.last_error is not None and len(job.last_error) == 300
    assert not job.is_late(now + 2_700 * clock.SECOND)
    assert job.is_late(now + 2_701 * clock.SECOND)


def test_a_job_that_never_succeeded_is_late_at_once(migrated_sqlite_url: str) -> None:
    with db.transaction() as session:
        note(session, "audit", 0.5, clock.now(), "Away.")
        (job,) = read_all(session)
    assert (job.succeeded_at, job.every_seconds) == (None, 0.5)
    assert job.is_late(clock.now())
