"""A range is compared with as many days before it, and the day that runs is in neither."""

from datetime import timedelta

from app import db
from app.domain.analytics.comparing import Compared, compare
from app.domain.rollups.sums import Sums
from app.domain.rollups.zones import date_of, day_of
from tests.support.rolled import START, App, count_all, hands

FIRST = date_of(day_of("UTC", START))
ONE = timedelta(days=1)


def test_as_many_whole_days_stand_against_each_other(database: str) -> None:
    with hands() as at:
        app = App()
        app.fund()
        for nanos in (1, 10, 100, 1_000, 10_000):
            app.charge("ada", nanos)
            at.go_on(86_400)
        at.go_on(-86_400)
        count_all()
        with db.transaction(writes=False) as session:
            # The fifth day runs: three days that are over stand against the three before them.
            found = compare(session, [app.id], FIRST + ONE, FIRST + 4 * ONE)
            assert found is not None and found.days == 3
            assert (found.now.gross_nanos, found.before.gross_nanos) == (1_110, 1)
            over = compare(session, [app.id], FIRST + 2 * ONE, FIRST + 3 * ONE)
            assert over == Compared(2, Sums(2, 1_100), Sums(2, 11))
            assert compare(session, [app.id], FIRST + 4 * ONE, FIRST + 4 * ONE) is None
            assert compare(session, ["pw_none"], FIRST, FIRST) is None
