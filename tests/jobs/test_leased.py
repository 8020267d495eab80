"""Jobs run in one process at a time, and one's failure is its own."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from app import db, settings, wiring
from app.domain import clock
from app.domain.leases import leases
from app.domain.leases.tables import Lease
from app.jobs.leased import run, tick
from tests.support.waiting import until


async def seven() -> int:
    return 7


async def test_a_job_runs_under_its_lease_and_gives_it_up(database: str) -> None:
    wiring.replace(None)
    assert await run("x", seven) == 7
    with db.transaction() as session:
        assert leases.take(session, "job:x", "somebody else", 60)
    assert await run("x", seven) is None


async def test_a_failing_job_gives_its_lease_up_and_says_so(database: str) -> None:
    wiring.replace(None)

    async def fails() -> int:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await run("y", fails)
    await tick("y", fails)
    assert await run("y", seven) == 7


async def test_what_is_not_due_takes_no_lease_and_what_is_shared_needs_none(database: str) -> None:
    wiring.replace(None)
    ran = []

    async def work() -> int:
        ran.append(1)
        return 1

    async def is_not_due() -> bool:
        return False

    with db.transaction() as session:
        assert leases.take(session, "job:z", "somebody else", 60)
    await tick("z", work, is_not_due)
    await tick("z", work)
    await tick("free", work, is_not_due)
    assert ran == []
    await tick("z", work, is_shared=True)
    assert ran == [1]


@pytest.mark.unhurried
async def test_a_job_that_takes_longer_than_its_lease_keeps_it(database: str) -> None:
    wiring.replace(None)
    settings.configure(data=settings.get().data, database_url=database, lease_seconds=4)  # of which a job's is 1

    def ends() -> int:
        with db.transaction(writes=False) as session:
            return session.get_one(Lease, "job:long").expires_at

    async def long() -> int:
        first = ends()
        await until(lambda: ends() > first + clock.SECOND / 2)  # it was renewed, and then once more
        with db.transaction() as session:
            assert not leases.take(session, "job:long", "somebody else", 60)
        return 1

    assert await run("long", long) == 1


async def test_a_renewal_that_fails_once_is_tried_again(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wiring.replace(None)
    settings.configure(data=settings.get().data, database_url=database, lease_seconds=2)  # of which a job's is 0.5
    take, asked = leases.take, []

    def fails_first(session: db.Session, name: str, *more: Any) -> bool:
        asked.append(name)
        if len(asked) == 2:  # the first is the taking itself
            raise KeyError("bug")
        return take(session, name, *more)

    async def long() -> int:
        await until(lambda: len(asked) > 2)
        return 1

    monkeypatch.setattr(leases, "take", fails_first)
    with capture_logs() as logs:
        assert await run("long", long) == 1
    assert len(asked) > 2 and [line["item"] for line in logs] == ["long:renew"]
