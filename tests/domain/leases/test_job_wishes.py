"""A wish for a run is kept once, and taken by one."""

import pytest

from app import db
from app.domain import clock
from app.domain.errors import NotFound
from app.domain.leases import job_runs, job_wishes

pytestmark = pytest.mark.usefixtures("database")


def test_a_wish_is_kept_once_until_somebody_takes_it() -> None:
    with db.transaction() as session:
        for name in ("audit", "report-drift"):
            job_runs.note(session, name, 900, clock.now(), None)
            job_wishes.ask(session, name)
        job_wishes.ask(session, "audit")
    with db.transaction(writes=False) as session:
        assert sorted(job_wishes.list_asked(session)) == ["audit", "report-drift"]
    with db.transaction() as session:
        assert job_wishes.take(session) == ["audit", "report-drift"]
        assert job_wishes.take(session) == []


def test_a_job_that_never_ran_by_itself_is_no_job() -> None:
    with db.transaction() as session, pytest.raises(NotFound, match="rebuild-rollups"):
        job_wishes.ask(session, "rebuild-rollups")
