"""What the page of reserves knows: the newest report of each environment, the same for everybody."""

import reflex as rx

from app import db
from app.domain.reserves import reports
from app.web.public.reserves.rows import ReportRow, rows_of


class ReservesState(rx.State):
    """One open page of reserves."""

    phase: str = "loading"
    reports: list[ReportRow] = []

    @rx.event
    async def arrive(self) -> None:
        """Shows the newest reports; whoever wants later ones loads the page again."""
        self.reports = await db.in_transaction(lambda session: rows_of(reports.read_all(session)))
        self.phase = "ready"
