"""Notes how each job goes, at most once a minute and at once when that changes."""

from functools import partial

from app import db
from app.domain import clock
from app.domain.leases import job_runs
from app.each_alone import alone
from app.jobs.leased import tick
from app.jobs.schedule import Job

PAUSE_SECONDS = 60


class Notes:
    """What one process has noted of its jobs."""

    def __init__(self) -> None:
        self._running: set[str] = set()
        self._noted: dict[str, tuple[float, bool]] = {}

    async def tick(self, name: str, job: Job, *, is_asked: bool = False) -> None:
        """Runs a job as the scheduler does, and notes how it went; what another process runs, that one notes.

        One that somebody `is_asked` for runs whatever is due, and is noted at once; one that runs already is left.
        """
        if name in self._running:
            return
        self._running.add(name)
        try:
            await self._tick(name, job, is_asked)
        finally:
            self._running.discard(name)

    async def _tick(self, name: str, job: Job, is_asked: bool) -> None:
        started_at = clock.now()

        async def note(error: str | None) -> None:
            if self._is_news(name, error is None) or is_asked:
                await alone("job", f"{name}:note", partial(_write, name, job.every_seconds, started_at, error))

        await tick(name, job.work, None if is_asked else job.is_due, is_shared=job.is_shared, note=note)

    def _is_news(self, name: str, is_well: bool) -> bool:
        at, was_well = self._noted.get(name, (0.0, not is_well))
        now = clock.monotonic_seconds()
        if was_well is is_well and now - at < PAUSE_SECONDS:
            return False
        self._noted[name] = (now, is_well)
        return True


async def _write(name: str, every_seconds: float, started_at: int, error: str | None) -> None:
    await db.in_transaction(
        partial(job_runs.note, name=name, every_seconds=every_seconds, started_at=started_at, error=error), writes=True
    )
