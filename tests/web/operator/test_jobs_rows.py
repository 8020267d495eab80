"""Each job says what it is for, and one that fails what it says, since when, and what to do."""

import pytest

from app import db
from app.domain import clock
from app.domain.leases import job_runs, job_wishes
from app.jobs.schedule import jobs
from app.web.frame.format import utc
from app.web.operator.jobs.rows import DOES, JobsPage, read_jobs_page

pytestmark = pytest.mark.usefixtures("migrated_sqlite_url")


def read() -> JobsPage:
    with db.transaction(writes=False) as session:
        return read_jobs_page(session)


def test_every_job_that_runs_by_itself_says_what_it_is_for() -> None:
    assert set(DOES) == {name for name, job in jobs().items() if not job.by_hand}


def test_what_fails_stands_first_and_says_since_when_and_what_to_do() -> None:
    assert read() == JobsPage([], "All 0 are well.")
    now = clock.now()
    with db.transaction() as session:
        job_runs.note(session, "audit", 900, now, None)
        job_runs.note(session, "send-refunds", 5, now, None)
        for minutes in (90, 60, 0):
            job_runs.note(session, "send-refunds", 5, now - minutes * 60 * clock.SECOND, "The rail is away.")
        job_runs.note(session, "report-drift", 3_600, now, "ValueError")
        job_wishes.ask(session, "audit")
    page = read()
    assert [row.name for row in page.rows] == ["report-drift", "send-refunds", "audit"]
    never, failing, well = page.rows
    assert failing.says.startswith("It says: The rail is away. It succeeded last ")
    assert failing.says.endswith(f", and fails since {utc(now - 90 * 60 * clock.SECOND)} UTC.")
    assert (
        never.says == f"It says: ValueError. It never succeeded, and fails since {utc(now)} UTC."
        and "coinslot job report-drift" in never.mend
    )
    assert (well.tone, well.says, well.is_asked, failing.is_asked) == ("ok", "", True, False)
    assert page.lead == "2 of 3 need you."
    with db.transaction() as session:
        for error in (None, "Away again."):
            job_runs.note(session, "send-refunds", 5, now - 60 * clock.SECOND, error)
    again = next(row for row in read().rows if row.name == "send-refunds")
    assert again.says.endswith(f", and fails since {utc(now - 60 * clock.SECOND)} UTC.")
