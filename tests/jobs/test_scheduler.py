"""The schedule starts and ends with the process."""

import asyncio
from functools import partial

import pytest

from app import db, settings, wiring
from app.domain.catalogue.catalogue import read_listed
from app.domain.errors import NotFound
from app.domain.leases import job_runs, job_wishes, leases
from app.jobs import scheduler
from app.jobs.schedule import Job, jobs
from tests.emulators import openrouter
from tests.support.waiting import LOOK_SECONDS, SECONDS_MAX


@pytest.mark.unhurried
async def test_every_job_runs_at_once_when_the_process_starts(database: str) -> None:
    wiring.replace(None)
    settings.configure(data=settings.get().data, database_url=database, lease_seconds=2)
    async with wiring.running(), scheduler.running():
        await asyncio.sleep(0.5)
    for name in jobs():
        wiring.get().queue.start()
        done = await scheduler.run_once(name)
        async with asyncio.timeout(SECONDS_MAX):
            while done is None:  # one that was cut with the process has its lease for half a second more
                await asyncio.sleep(LOOK_SECONDS)
                done = await scheduler.run_once(name)
        assert done == 0
        await wiring.get().queue.drain()
        wiring.replace(None)


async def test_what_is_urgent_has_run_before_the_process_serves_anybody(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = []

    async def work(name: str) -> int:
        ran.append(name)
        return 0

    table = {name: Job(partial(work, name), 3_600, urgent=name == "now") for name in ("later", "now")}
    monkeypatch.setattr(scheduler, "jobs", lambda: table)
    wiring.replace(None)
    async with scheduler.running():
        assert ran == ["now"]


@pytest.mark.unhurried
async def test_every_process_delivers_webhooks_whoever_else_does(database: str) -> None:
    wiring.replace(None)
    async with wiring.running():
        with db.transaction() as session:
            assert leases.take(session, "job:deliver-webhooks", "somebody else", 60)
            assert leases.take(session, "job:audit", "somebody else", 60)
        assert (await scheduler.run_once("deliver-webhooks"), await scheduler.run_once("audit")) == (0, None)


async def test_a_job_that_is_not_in_the_table_is_named(database: str) -> None:
    with pytest.raises(NotFound, match="reap-holds"):
        await scheduler.run_once("no-such-job")


@pytest.mark.unhurried
async def test_the_catalogue_is_read_soon_after_the_start_and_only_where_the_operator_named_its_list(
    database: str,
) -> None:
    with openrouter.running() as router:
        router.offer(openrouter.model("a/one"))
        for base, expected in ((None, 0), (router.base_url, 1)):
            wiring.replace(None)
            settings.configure(data=settings.get().data, database_url=database, openrouter_base=base)
            async with wiring.running(), scheduler.running():
                for _ in range(600 if expected else 5):
                    if listed() == expected == 1:
                        break
                    await asyncio.sleep(0.1)
            assert listed() == expected


def listed() -> int:
    with db.transaction(writes=False) as session:
        return len(read_listed(session))


@pytest.mark.unhurried
async def test_a_job_that_an_operator_asks_for_runs_within_seconds(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = asyncio.Event()

    async def work() -> int:
        ran.set()
        return 0

    monkeypatch.setattr(scheduler, "jobs", lambda: {"later": Job(work, 3_600)})
    wiring.replace(None)
    with db.transaction() as session:
        job_runs.note(session, "later", 3_600, 1, None)
        job_wishes.ask(session, "later")
    async with scheduler.running(), asyncio.timeout(SECONDS_MAX):
        await ran.wait()
