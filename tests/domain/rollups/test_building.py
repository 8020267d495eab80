"""A zone is chosen at most once a day, and what is read stays whole until the new days are."""

import pytest
from sqlalchemy import text

from app import db
from app.domain import clock
from app.domain.errors import BadField, LimitReached
from app.domain.rollups import building
from app.domain.rollups.reading import read_numbers
from app.domain.rollups.tables import PaywallRollup
from app.domain.rollups.zones import date_of, day_of
from tests.support.rolled import START, App, build, build_all, count_all, hands


def choose(app: App, zone: str) -> bool:
    with db.transaction() as session:
        return building.choose_zone(session, app.id, zone)


def gross(app: App) -> int:
    with db.transaction(writes=False) as session:
        first, last = date_of(day_of("UTC", START) - 9), date_of(day_of("UTC", START) + 9)
        return read_numbers(session, [app.id], first, last)[app.id].sums.gross_nanos


def share(app: App) -> float:
    with db.transaction(writes=False) as session:
        return building.share_built(session, app.id)


def test_a_zone_is_chosen_at_most_once_a_day(database: str) -> None:
    with hands() as at:
        app = App()
        assert not choose(app, "UTC") and choose(app, "Asia/Kolkata") and not choose(app, "Asia/Kolkata")
        at.go_on(86_399)
        with pytest.raises(LimitReached, match="once a day") as reached:
            choose(app, "UTC")
        assert reached.value.retry_after_seconds is not None and 1 <= reached.value.retry_after_seconds <= 2
        at.go_on(1)
        assert choose(app, "UTC")
        with pytest.raises(BadField):
            choose(app, "Nowhere")


@pytest.mark.unhurried
def test_what_is_read_stays_whole_while_days_of_another_zone_are_made(database: str) -> None:
    with hands() as at:
        app = App()
        app.fund()
        for _ in range(5):
            at.go_on(86_400)
            app.chat()
        count_all()
        before = gross(app)
        choose(app, "America/New_York")
        assert share(app) == 0
        assert build(app.id, 2) and gross(app) == before and 0 < share(app) < 1
        app.chat()
        count_all()
        whole = gross(app)
        assert whole > before
        build_all(2)
        assert (gross(app), share(app)) == (whole, 1)
        app.assert_adds_up()
        with db.transaction(writes=False) as session:
            book = session.get(PaywallRollup, app.id)
            assert book is not None and (book.zone, book.build) == ("America/New_York", 2)


@pytest.mark.unhurried
def test_sums_that_were_spoilt_are_mended_by_a_build(database: str) -> None:
    with hands(START) as at:
        app = App()
        app.fund()
        for _ in range(3):
            at.go_on(clock.DAY / clock.SECOND / 3)
            app.chat()
        count_all()
        with db.transaction() as session:
            session.execute(text("UPDATE rollup_day SET gross_nanos = 1, model = 'x'"))
        with db.transaction() as session:
            assert building.list_counted(session) == [app.id]
            building.begin_build(session, app.id)
            building.begin_build(session, app.id)
        build_all()
        app.assert_adds_up()
