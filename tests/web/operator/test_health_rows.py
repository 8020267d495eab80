"""Health says of a broken job, a refused key and broken books what it is, since when, and what to do."""

from pathlib import Path

import pytest

from app import db
from app.domain import clock
from app.domain.ids import new_id
from app.domain.leases import job_runs
from app.domain.providers import refusals
from app.domain.providers.refusals import Refusal
from app.domain.usage.tables import AuditRun
from app.web.frame.format import utc
from app.web.operator.health.rows import HealthPage, read_health_page
from tests.support.books import make_snapshot

ROOT = Path(__file__).parent.parent.parent.parent

pytestmark = pytest.mark.usefixtures("migrated_sqlite_url")


def read() -> HealthPage:
    with db.transaction(writes=False) as session:
        return read_health_page(session)


def audited(findings: int, seconds_ago: int = 0) -> None:
    at = clock.now() - seconds_ago * clock.SECOND
    with db.transaction() as session:
        session.add(AuditRun(id=new_id("aud"), started_at=at, finished_at=at, findings=findings,
                             first=["Account x is off by 1."] * findings))  # fmt: skip


def test_nothing_is_wrong_where_jobs_run_and_the_books_balance() -> None:
    assert [row.title for row in read().wrong] == ["The books were never audited"]
    audited(0)
    with db.transaction() as session:
        job_runs.note(session, "count-rollups", 5, clock.now(), None)
    page = read()
    assert page.wrong == [] and page.books.title == "They balance"


def test_what_is_worst_stands_first_and_says_what_to_do() -> None:
    audited(0, 7_200)
    with db.transaction() as session:
        job_runs.note(session, "late-one", 5, clock.now(), None)
        job_runs.note(session, "mature-earnings", 900, clock.now(), "the disk is full")
    paywall_id = make_snapshot().paywall_id
    with db.transaction() as session:
        refusals.note(session, Refusal(paywall_id, "mine", 401, "", clock.now(), clock.now()))
    page = read()
    assert page.wrong[0].title == "The job mature-earnings fails" and "the disk is full" in page.wrong[0].detail
    assert "coinslot job mature-earnings" in page.wrong[0].mend
    assert [row.tone for row in page.wrong] == ["bad", "wait", "wait"]
    assert any("refuses its key" in row.title for row in page.wrong)
    audited(2)
    (first, *_) = read().wrong
    assert first.title == "2 rows of the books are broken" and "Account x is off by 1." in first.detail


def test_broken_books_say_between_which_audits_that_came_about() -> None:
    audited(1)
    (first,) = read().wrong
    assert first.title == "1 row of the books is broken" and "; they never balanced before." in first.detail
    for findings, seconds_ago in ((0, 20_000), (3, 15_000), (0, 10_000), (2, 7_200), (2, 3_600), (1, 0)):
        audited(findings, seconds_ago)
    (first,) = read().wrong
    began, sound = (utc(clock.now() - seconds * clock.SECOND) for seconds in (7_200, 10_000))
    assert first.detail.startswith(f"Found on {began} UTC, 2 h ago, and again just now; they balanced last on {sound}")
    assert "When the books do not balance" in first.mend
    assert "## When the books do not balance" in (ROOT / "app/guide/use/operating.md").read_text()
