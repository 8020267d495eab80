"""Jobs are noted when that changes, and not at every tick."""

import pytest

from app import db
from app.domain import clock
from app.domain.errors import Unavailable
from app.domain.leases.job_runs import JobView, read_all
from app.jobs.noted import PAUSE_SECONDS, Notes
from app.jobs.schedule import Job


async def seen() -> list[JobView]:
    return list(await db.in_transaction(read_all))


async def test_changes_are_noted_at_once_and_the_rest_once_a_minute(
    migrated_sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes, fails, ticks = Notes(), False, 0.0

    async def work() -> int:
        if fails:
            raise Unavailable("The rail is away.")
        return 0

    monkeypatch.setattr(clock, "monotonic_seconds", lambda: 1_000 + ticks)
    job = Job(work, 30, is_shared=True)
    await notes.tick("x", job)
    (first,) = await seen()
    assert first.last_error is None and first.succeeded_at is not None
    await notes.tick("x", job)
    assert await seen() == [first]
    fails = True
    await notes.tick("x", job)
    (failed,) = await seen()
    assert (failed.last_error, failed.succeeded_at) == ("The rail is away.", first.succeeded_at)
    fails, ticks = False, PAUSE_SECONDS
    await notes.tick("x", job)
    assert (await seen())[0].last_error is None


async def test_what_somebody_asked_for_runs_whatever_is_due_and_is_noted_at_once(migrated_sqlite_url: str) -> None:
    notes, ran = Notes(), 0

    async def work() -> int:
        nonlocal ran
        ran += 1
        await notes.tick("x", job, is_asked=True)  # it runs already
        return 0

    async def is_due() -> bool:
        return False

    job = Job(work, 30, is_due=is_due, is_shared=True)
    await notes.tick("x", job)
    (first,) = await seen()
    assert ran == 0
    await notes.tick("x", job, is_asked=True)
    (second,) = await seen()
    assert ran == 1 and second.started_at > first.started_at
