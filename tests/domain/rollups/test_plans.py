"""No read of a dashboard touches a request: what the database says of each statement that such a read executes."""

import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.analytics.comparing import compare
from app.domain.analytics.groups import Asked, By, Group, read_groups
from app.domain.analytics.steps import read_steps
from app.domain.analytics.together import read_together
from app.domain.analytics.user_days import read_user_days, read_user_parts
from app.domain.rollups import counting, reading
from app.domain.rollups.listing import find_top, keep_top
from app.domain.rollups.sums import NOTHING
from tests.bench.seed import Seeded, Size, seed
from tests.support.plans import plan_of, watched
from tests.support.rolled import count_all

SMALL = Size(requests=400, users=40, models=4, days=40)
BIG = re.compile(r"\b(ix_|sqlite_autoindex_|pk_)?(request|ledger_transfer|ledger_hold)(_\w+)?\b")
"""Tables that grow with every request, and that no dashboard may read, and their indices."""


def last(session: Session, paywall_id: str, days: int) -> Any:
    """The last days of a paywall, as a page asks for them."""
    end = reading.today(session, paywall_id)
    return end - timedelta(days - 1), end


def asked(session: Session, paywall_id: str, days: int, by: By, and_by: By | None = None) -> Asked:
    first, end = last(session, paywall_id, days)
    return Asked((paywall_id,), first, end, by, and_by)


def part(session: Session, paywall_id: str, by: By, and_by: By | None, days: int) -> object:
    return read_groups(session, asked(session, paywall_id, days, by, and_by), 0, 50).rows


def user_parts(session: Session, paywall_id: str) -> object:
    wanted = asked(session, paywall_id, 30, By.USER, By.MODEL)
    return read_user_parts(session, wanted, read_user_days(session, wanted, None, 50))


def behind(session: Session, paywall_id: str) -> Group:
    """The place in a file at which the day of today begins."""
    return Group(reading.today(session, paywall_id), "", NOTHING, paywall_id)


READS: dict[str, Callable[[Session, str], object]] = {
    "today": reading.today,
    "numbers": lambda session, paywall: reading.read_numbers(session, [paywall], *last(session, paywall, 30)),
    "numbers of an odd range": lambda session, paywall: reading.read_numbers(
        session, [paywall], *last(session, paywall, 13)
    ),
    "numbers of a day": lambda session, paywall: reading.read_numbers(session, [paywall], *last(session, paywall, 1)),
    "the last days of each": lambda session, paywall: reading.read_recent(session, [paywall], 30),
    "days": lambda session, paywall: reading.read_days(session, paywall, *last(session, paywall, 30)),
    "user": lambda session, paywall: reading.read_user(session, paywall, "user-000001", *last(session, paywall, 30)),
    "compared": lambda session, paywall: compare(session, [paywall], *last(session, paywall, 30)),
    "together": lambda session, paywall: read_together(session, [paywall], *last(session, paywall, 30)),
    "from link to use": lambda session, paywall: read_steps(session, [paywall], *last(session, paywall, 30)),
    "a file of users": lambda session, paywall: (
        read_user_days(
            session,
            asked(session, paywall, 30, By.USER),
            Group(reading.today(session, paywall), "", NOTHING, paywall),
            50,
        )
        or ["none today"]
    ),
    **{
        f"by {by}{f' and {and_by}' if and_by else ''}, {days} days": partial(part, by=by, and_by=and_by, days=days)
        for by in By
        for and_by in (None, *By)
        if by is not and_by
        for days in (13, 30)
    },
    "a file of parts of users": user_parts,
    "top": lambda session, paywall: reading.read_top_users(session, paywall, 30),
}


@pytest.fixture
def seeded(database: str) -> Seeded:
    """A small paywall with some of everything."""
    made = seed(SMALL)
    count_all()
    for paywall_id in made.paywalls:
        with db.transaction() as session:
            keep_top(session, paywall_id, find_top(session, paywall_id), clock.now())
    return made


@pytest.mark.unhurried
def test_no_read_of_a_dashboard_touches_what_grows_with_every_request(seeded: Seeded) -> None:
    paywall_id = seeded.paywalls[0]
    with db.transaction(writes=False) as session:
        for name, read in READS.items():
            with watched(session) as said:
                assert read(session, paywall_id), name
            assert said, name
            for statement, values in said:
                plan = plan_of(session, statement, values)
                assert not BIG.search(plan) and not BIG.search(statement), f"{name}: {statement} {plan}"
                if db.is_sqlite():
                    assert "SCAN rollup" not in plan and "SCAN funnel" not in plan, f"{name}: {plan}"


def test_the_question_what_is_due_is_answered_by_its_index(seeded: Seeded) -> None:
    """It is asked every few seconds, of all the requests that there ever were."""
    with db.transaction() as session, watched(session) as said:
        assert not counting.has_due(session)
        plans = [plan_of(session, *one) for one in list(said)]
    assert "ix_request_due" in plans[0] and "ix_takeback_due" in plans[1]


def test_a_plan_that_reads_requests_is_seen(seeded: Seeded) -> None:
    with db.transaction(writes=False) as session:
        plan = plan_of(session, "SELECT r.id FROM paywall p JOIN request r ON r.paywall_id = p.id", ())
    assert BIG.search(plan)
