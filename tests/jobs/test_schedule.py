"""The table of jobs."""

from pathlib import Path

from app import settings
from app.jobs.schedule import jobs


def test_lost_holds_are_looked_for_often_enough_to_be_closed_in_time(data_dir: Path) -> None:
    for seconds in (2, 60):
        settings.configure(data=data_dir, lease_seconds=seconds)
        # A lease runs for half of the time; a search that starts at its end must still finish within it.
        assert 0 < jobs()["reap-holds"].every_seconds <= seconds / 4


URGENT_AND_ALL_INSIDE = {"reap-holds"}
"""What runs before anybody is served; each of them works on the database alone."""


def test_no_job_that_calls_out_runs_before_the_process_serves(data_dir: Path) -> None:
    table = jobs()
    assert {name for name, job in table.items() if job.urgent} == URGENT_AND_ALL_INSIDE


async def test_who_takes_no_cards_never_loads_stripes_sdk(migrated_sqlite_url: str) -> None:
    table = jobs()
    for name in ("connect-operator", "read-events", "check-endpoints", "read-movements"):
        is_due = table[name].is_due
        assert is_due is not None and not await is_due(), name
