"""A schedule's next time is a midnight in UTC, and is done once."""

from datetime import UTC, datetime

import pytest

from app import db
from app.domain import clock
from app.domain.errors import BadField
from app.domain.money import Environment
from app.domain.payouts import schedules
from app.domain.payouts.rules import PayoutRules
from app.domain.payouts.tables import Every, PayoutSchedule
from tests.support.managing import person

SANDBOX = Environment.SANDBOX


@pytest.mark.parametrize(
    ("every", "after", "next_day"),
    [
        (Every.DAY, "2026-11-29T10:00", "2026-11-30"), (Every.DAY, "2026-11-30T00:00", "2026-12-01"),
        (Every.WEEK, "2026-11-29T23:59", "2026-11-30"), (Every.WEEK, "2026-11-30T00:00", "2026-12-07"),
        (Every.MONTH, "2026-12-31T10:00", "2027-01-01"), (Every.MONTH, "2026-12-01T00:00", "2027-01-01"),
    ],
)  # fmt: skip
def test_the_next_time(every: Every, after: str, next_day: str) -> None:
    at = int(datetime.fromisoformat(after).replace(tzinfo=UTC).timestamp()) * clock.SECOND
    assert clock.to_iso(schedules.next_time(every, at)) == f"{next_day}T00:00:00.000Z"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_schedule_is_set_changed_done_and_taken_away(database: str) -> None:
    account, rules = person("ada@example.org").account_id, PayoutRules()
    with db.transaction() as session:
        with pytest.raises(BadField):
            schedules.set_schedule(session, rules, account, SANDBOX, Every.DAY, 4_999_999)
        schedules.set_schedule(session, rules, account, SANDBOX, Every.DAY, 5_000_000)
        schedules.set_schedule(session, rules, account, SANDBOX, Every.WEEK, 6_000_000)
        found = schedules.find_schedule(session, account, SANDBOX)
        assert found is not None and (found.every, found.least_units) == (Every.WEEK, 6_000_000)
        assert not schedules.has_due(session, clock.now())
        session.get_one(PayoutSchedule, found.id).next_at = 7
        session.flush()
        assert schedules.has_due(session, clock.now())
        (due,) = schedules.list_due(session, clock.now())
        schedules.note_done(session, due)
        assert not schedules.has_due(session, clock.now())
        schedules.set_schedule(session, rules, account, SANDBOX, None, 0)
        assert schedules.find_schedule(session, account, SANDBOX) is None
