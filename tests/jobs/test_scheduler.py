"""The schedule starts and ends with the process."""

import asyncio

import pytest

from app import settings, wiring
from app.domain.errors import NotFound
from app.jobs import scheduler
from app.jobs.schedule import jobs


async def test_every_job_runs_at_once_when_the_process_starts(database: str) -> None:
    wiring.replace(None)
    settings.configure(data=settings.get().data, database_url=database, lease_seconds=2)
    async with wiring.running(), scheduler.running():
        await asyncio.sleep(0.5)
    for name in jobs():
        wiring.get().queue.start()
        assert await scheduler.run_once(name) == 0
        await wiring.get().queue.drain()
        wiring.replace(None)


async def test_a_job_that_is_not_in_the_table_is_named(database: str) -> None:
    with pytest.raises(NotFound, match="reap-holds"):
        await scheduler.run_once("no-such-job")
