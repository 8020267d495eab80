"""What pages show of a paywall: each number once, in the days of its zone, never added up over paywalls."""

from datetime import date, timedelta

from app import db
from app.domain import clock
from app.domain.money import Environment, Unit
from app.domain.paywalls.modes import Mode
from app.domain.rollups import building, reading
from app.domain.rollups.reading import Users, read_began, read_days, read_numbers, read_recent, read_user, today
from app.domain.rollups.sums import NOTHING, Sums, plus
from app.domain.rollups.zones import date_of, day_of
from tests.support.rolled import LISTED, START, App, Chat, count_all, hands

FIRST = date_of(day_of("UTC", START))


def test_numbers_are_those_of_the_range_and_of_one_paywall_each(database: str) -> None:
    with hands() as at:
        app, shared, empty = App(), App(Mode.SHARED), App()
        for one in (app, shared):
            one.fund()
            one.fund("bob")
        told = app.chat(model=LISTED)
        shared.chat()
        at.go_on(86_400)
        app.chat(user="bob")
        app.let_go(Chat("eve"))
        at.go_on(86_400)
        app.give_back(told, told.charge // 3)
        count_all()
        with db.transaction(writes=False) as session:
            ids = [app.id, shared.id, empty.id, "pw_none"]
            found = read_numbers(session, ids, FIRST, FIRST + timedelta(2))
            assert set(found) == {app.id, shared.id, empty.id}
            assert found[app.id].sums == sum_of(app)
            assert (found[app.id].unit, found[shared.id].unit) == (Unit.USD, Unit.USDC)
            assert found[app.id].environment is Environment.SANDBOX
            assert (found[app.id].users, found[shared.id].users, found[empty.id].users) == (
                Users(3),
                Users(1),
                Users(0),
            )
            assert found[shared.id].sums == sum_of(shared)
            assert (found[empty.id].sums, found[empty.id].counted_at) == (NOTHING, None)
            assert found[app.id].counted_at == at.at
            assert read_began(session, ids) == read_began(session, [shared.id]) == FIRST
            assert read_began(session, [empty.id]) is read_began(session, ["pw_none"]) is None
            one_day = read_numbers(session, [app.id], FIRST + timedelta(1), FIRST + timedelta(1))[app.id]
            assert (one_day.sums.requests, one_day.users) == (2, Users(2))
            of_ada = read_user(session, app.id, "ada", FIRST, FIRST + timedelta(2))
            assert (of_ada.gross_nanos, of_ada.refunds_nanos) == (told.charge, told.charge // 3)


def test_the_last_days_of_each_are_those_of_its_own_zone(database: str) -> None:
    """In Kolkata it is tomorrow already from 18:30 UTC on."""
    with hands(START - START % clock.DAY + 18 * 3_600 * clock.SECOND) as at:
        here, there = App(), App()
        with db.transaction() as session:
            building.choose_zone(session, there.id, "Asia/Kolkata")
            while building.build_next(session, there.id, 10):
                pass
        for app in (here, there):
            app.fund()
            app.charge("ada", 1)
        at.go_on(3_600)
        for app in (here, there):
            app.charge("ada", 10)
        count_all()
        with db.transaction(writes=False) as session:
            for days, expected in ((1, [11, 10]), (2, [11, 11])):
                found = read_recent(session, [here.id, there.id, "pw_none"], days)
                assert [found[app.id].sums.gross_nanos for app in (here, there)] == expected and len(found) == 2
            assert read_recent(session, [], 1) == {}


def sum_of(app: App) -> Sums:
    total = NOTHING
    for *_, sums in app.expected:
        total = plus(total, sums)
    return total


def test_each_day_of_a_range_is_there_once_and_today_is_not_over(database: str) -> None:
    with hands() as at:
        app = App()
        app.fund()
        app.chat()
        at.go_on(2 * 86_400)
        app.chat()
        app.chat()
        count_all()
        with db.transaction(writes=False) as session:
            assert today(session, app.id) == FIRST + timedelta(2)
            days = read_days(session, app.id, FIRST - timedelta(1), FIRST + timedelta(2))
            assert [(day.day, day.sums.requests, day.users, day.is_running) for day in days] == [
                (FIRST - timedelta(1), 0, 0, False), (FIRST, 1, 1, False),
                (FIRST + timedelta(1), 0, 0, False), (FIRST + timedelta(2), 2, 1, True),
            ]  # fmt: skip
            assert read_days(session, "pw_none", FIRST, FIRST) == []
            assert today(session, "pw_none") == FIRST + timedelta(2)


def test_users_are_counted_as_far_as_pages_count(database: str, monkeypatch: object) -> None:
    with hands() as at:
        app = App()
        for number in range(4):
            app.fund(f"user{number}")
            app.charge(f"user{number}", 5)
            at.go_on(86_400)
        count_all()
        for most, users in ((4, Users(4)), (3, Users(3, is_more=True))):
            monkeypatch.setattr(reading, "USERS_MAX", most)  # type: ignore[attr-defined]
            with db.transaction(writes=False) as session:
                found = read_numbers(session, [app.id], FIRST, FIRST + timedelta(9))[app.id]
                assert found.users == users
        monkeypatch.setattr(reading, "USERS_MAX", 9)  # type: ignore[attr-defined]
        for most, users in ((4, Users(4)), (2, Users(3, is_more=True))):
            monkeypatch.setattr(reading, "USER_DAYS_MAX", most)  # type: ignore[attr-defined]
            with db.transaction(writes=False) as session:
                assert read_numbers(session, [app.id], FIRST, FIRST + timedelta(9))[app.id].users == users


def test_a_range_before_anything_is_nothing(database: str) -> None:
    app = App()
    with db.transaction(writes=False) as session:
        assert read_numbers(session, [app.id], date(2020, 1, 1), date(2020, 1, 31))[app.id].sums == NOTHING
        assert read_user(session, "pw_none", "ada", FIRST, FIRST) == NOTHING
