"""What the page of jobs remembers: what came of asking for a run."""

from collections.abc import Mapping
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app.domain.errors import CoinslotError
from app.flows.callers.marks import About, Subject
from app.flows.upkeep.wishes import ask_run
from app.web.operator.frame.state import OperatorState, Work
from app.web.operator.jobs.rows import JobsPage, read_jobs_page


class JobsState(OperatorState, rx.State):
    """One open page of this instance's jobs."""

    page: JobsPage = JobsPage()
    error: str = ""

    def _work(self) -> Work:
        return lambda session: {"page": read_jobs_page(session)}

    def _about(self, values: Mapping[str, Any]) -> list[Subject]:
        return [Subject(About.JOB, row.name) for row in values["page"].rows]

    @rx.event
    async def run_now(self, name: str) -> EventSpec | None:
        """Asks for a run of a job; the page shows it once it is through."""
        operator = await self._operating()
        if operator is None:
            return self._leave()
        self.error = ""
        try:
            await ask_run(operator, name[:100])
        except CoinslotError as error:
            self.error = error.message
        await self._show_again()
        return None
