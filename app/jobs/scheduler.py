"""Starts the schedule with the process and ends it before anything that the jobs use."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from app.domain.errors import NotFound
from app.each_alone import Failed, alone
from app.flows.upkeep import wishes
from app.flows.upkeep.rollups import Tell
from app.jobs.leased import run
from app.jobs.noted import Notes
from app.jobs.schedule import jobs

WISH_SECONDS = 1
"""How often a process looks for jobs that an operator wants to run now."""


@asynccontextmanager
async def running() -> AsyncIterator[None]:
    """Runs the urgent jobs at once, and then every job at its pace, as long as the process lives."""
    scheduler, notes = AsyncIOScheduler(timezone="UTC"), Notes()
    for name, job in jobs().items():
        if job.by_hand:
            continue
        scheduler.add_job(notes.tick, "interval", seconds=job.every_seconds, args=(name, job), id=name, coalesce=True,
                          max_instances=1, misfire_grace_time=None)  # fmt: skip
        if job.soon:
            scheduler.add_job(notes.tick, args=(name, job), misfire_grace_time=None)
        if job.urgent:
            await notes.tick(name, job)
    scheduler.add_job(_run_asked, "interval", seconds=WISH_SECONDS, args=(notes,), coalesce=True, max_instances=1,
                      misfire_grace_time=None)  # fmt: skip
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)


async def _run_asked(notes: Notes) -> None:
    table, taken = jobs(), await alone("job", "wishes", wishes.take)
    for name in () if isinstance(taken, Failed) else taken:
        if name in table and not table[name].by_hand:
            await notes.tick(name, table[name], is_asked=True)


async def run_once(name: str, tell: Tell | None = None) -> int | None:
    """Runs one job now; one that takes long says to `tell` how far it is. Raises NotFound for a name that is not in the
    table."""
    job = jobs().get(name)
    if job is None:
        raise NotFound(f"There is no job {name}. There are: {', '.join(jobs())}.")
    work = partial(job.told, tell) if job.told is not None and tell is not None else job.work
    return await (work() if job.is_shared else run(name, work))
