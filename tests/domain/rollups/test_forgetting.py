"""Sums that nobody reads are deleted, and no others."""

import pytest
from sqlalchemy import func, select

from app import db
from app.domain import clock
from app.domain.rollups import building
from app.domain.rollups.forgetting import forget_old
from app.domain.rollups.tables import RollupDay, RollupQuarter, RollupTotal, RollupUserDay
from app.sql.columns import table_of
from tests.support.rolled import START, App, build, build_all, count_all, hands

TABLES = (RollupQuarter, RollupDay, RollupUserDay, RollupTotal)


def forget() -> int:
    done = 0
    while True:
        with db.transaction() as session:
            deleted = forget_old(session)
        if not deleted:
            return done
        done += deleted


def builds() -> list[set[int]]:
    with db.transaction(writes=False) as session:
        return [set(session.scalars(select(table_of(table).c.build).distinct())) for table in TABLES]


@pytest.mark.unhurried
def test_earlier_builds_go_and_those_that_are_read_or_made_stay(database: str) -> None:
    with hands() as at:
        app = App()
        app.fund()
        for _ in range(3):
            at.go_on(86_400)
            app.chat()
        count_all()
        for _ in range(3):
            with db.transaction() as session:
                building.begin_build(session, app.id)
            assert build(app.id, 1)
        assert builds() == [{1, 2, 3, 4}] * 4
        assert forget() > 0
        assert builds() == [{1, 4}] * 4
        build_all()
        app.assert_adds_up()
        forget()
        assert builds() == [{4}] * 4
        app.assert_adds_up()
        assert forget() == 0


def test_quarters_go_after_five_weeks_and_days_stay(database: str) -> None:
    with hands(START) as at:
        app = App()
        app.fund()
        for _ in range(5):
            app.chat()
            at.go_on(86_400)
        count_all()
        at.at = START + 38 * clock.DAY
        assert forget() == 3
        with db.transaction(writes=False) as session:
            counted = [session.scalar(select(func.count()).select_from(table_of(table))) for table in TABLES[:2]]
        assert counted == [2, 5]
