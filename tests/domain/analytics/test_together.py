"""Paywalls together are each one's numbers, added up date by date, and each app's users are its own."""

from datetime import timedelta

import pytest

from app import db
from app.domain import clock
from app.domain.analytics.comparing import compare
from app.domain.analytics.groups import Asked, By, Group, read_groups
from app.domain.analytics.together import last_day, read_together
from app.domain.analytics.user_days import read_user_days
from app.domain.paywalls.modes import Mode
from app.domain.rollups import building
from app.domain.rollups.listing import find_top, keep_top
from app.domain.rollups.reading import Users, read_days, read_numbers
from app.domain.rollups.sums import NOTHING, plus
from app.domain.rollups.zones import date_of, day_of
from tests.support.rolled import LISTED, OWN, START, App, Hands, count_all, hands

FIRST = date_of(day_of("UTC", START))
LAST = FIRST + timedelta(2)
TOKYO = "Asia/Tokyo"


def two_apps(at: Hands) -> tuple[App, App]:
    """Two apps with users of the same names, in two zones, on three days."""
    here, there = App(), App()
    for app in (here, there):
        app.fund("ada")
        app.fund("bob")
    with db.transaction() as session:
        building.choose_zone(session, there.id, TOKYO)
        while building.build_next(session, there.id, 10):
            pass
    here.chat(user="ada", model=LISTED)
    there.chat(user="ada", model=LISTED)
    there.chat(user="bob", model=OWN)
    at.go_on(86_400)
    here.charge("bob", 55)
    at.go_on(86_400)
    told = there.chat(user="ada", model=OWN)
    there.give_back(told, told.charge // 2)
    count_all()
    return here, there


@pytest.mark.unhurried
def test_each_day_is_what_both_had_on_that_date(database: str) -> None:
    with hands() as at:
        apps = two_apps(at)
        ids = [app.id for app in apps]
        with db.transaction(writes=False) as session:
            found = read_together(session, ids, FIRST, LAST + timedelta(1))
            each = [read_days(session, id_, FIRST, LAST + timedelta(1)) for id_ in ids]
            for one, mine, other in zip(found.days, *each, strict=True):
                assert (one.sums, one.users) == (plus(mine.sums, other.sums), mine.users + other.users), one.day
            numbers = read_numbers(session, ids, FIRST, LAST + timedelta(1))
            assert found.sums == plus(*(numbers[id_].sums for id_ in ids)) != NOTHING
            assert found.users == Users(4) and list(found.zones) == [TOKYO, "UTC"] and found.counted_at == at.at
            today = [date_of(day_of(zone, at.at)) for zone in ("UTC", TOKYO)]
            assert last_day(session, ids) == max(today)
            assert [one.day for one in found.days if one.is_running] == [
                day for day in (one.day for one in found.days) if day >= min(today)
            ]
            compared = compare(session, ids, FIRST, LAST)
            assert compared is not None and compared.days == (min(today) - FIRST).days


@pytest.mark.unhurried
def test_parts_of_both_are_added_up_but_for_users_and_paywalls(database: str) -> None:
    with hands() as at:
        here, there = two_apps(at)
        with db.transaction(writes=False) as session:

            def read(by: By, *ids: str, and_by: By | None = None) -> list[Group]:
                asked = Asked(ids, FIRST, LAST + timedelta(1), by, and_by)
                return list(read_groups(session, asked, 0, 50).rows)

            both = {one.name: one.sums for one in read(By.MODEL, here.id, there.id)}
            alone = [{one.name: one.sums for one in read(By.MODEL, app.id)} for app in (here, there)]
            assert both == {name: plus(alone[0].get(name, NOTHING), alone[1].get(name, NOTHING)) for name in both}
            assert set(both) == {"", LISTED, OWN}
            users = {(one.paywall_id, one.name): one.sums for one in read(By.USER, here.id, there.id)}
            assert set(users) == {(app.id, user) for app in (here, there) for user in ("ada", "bob")}
            assert [one.name for one in read(By.PAYWALL, here.id, there.id)] == [there.id, here.id]
            daily = read(By.USER, here.id, there.id, and_by=By.DAY)
            assert {(one.paywall_id, one.name) for one in daily} == set(users) and len(daily) == 5
            total = NOTHING
            for one in daily:
                total = plus(total, one.sums)
            assert total == read_together(session, [here.id, there.id], FIRST, LAST + timedelta(1)).sums
            file, after = list[Group](), None
            while batch := read_user_days(session, Asked((there.id, here.id), FIRST, LAST, By.USER), after, 2):
                file += batch
                after = batch[-1]
            order = [(one.paywall_id, one.day, one.name) for one in file]
            assert order == sorted(set(order), key=str) and len(file) == len(daily)


@pytest.mark.unhurried
def test_the_lists_of_each_are_one_list_where_they_are_of_the_same_days(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hands() as at:
        here, there = App(Mode.DEFAULT), App(Mode.DEFAULT)
        for number, app in enumerate((here, there)):
            app.fund()
            app.charge("ada", 100 + number)
        count_all()
        monkeypatch.setattr("app.domain.analytics.groups.USER_DAYS_MAX", 1)
        today = date_of(day_of("UTC", at.at))
        week = Asked((here.id, there.id), today - timedelta(6), today, By.USER)
        with db.transaction() as session:
            assert read_groups(session, week, 0, 50).are_too_many
            for app in (here, there):
                assert read_groups(session, week, 0, 50).are_too_many
                keep_top(session, app.id, find_top(session, app.id), clock.now())
        with db.transaction(writes=False) as session:
            listed = read_groups(session, week, 0, 50).rows
            assert [(one.paywall_id, one.sums.gross_nanos) for one in listed] == [(there.id, 101), (here.id, 100)]
            odd = Asked(week.paywalls, today - timedelta(5), today, By.USER)
            assert read_groups(session, odd, 0, 50).are_too_many


def test_nothing_together_is_nothing(database: str) -> None:
    with hands(), db.transaction(writes=False) as session:
        found = read_together(session, [], FIRST, FIRST)
        assert (found.sums, found.users, found.counted_at) == (NOTHING, Users(0), None)
        assert [(one.day, one.is_running) for one in found.days] == [(FIRST, True)]
        assert last_day(session, []) == FIRST
