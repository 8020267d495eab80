"""What pages and files of analytics show is what was charged, told apart by each thing, never twice and never less."""

from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from app import db
from app.domain import clock
from app.domain.analytics import groups
from app.domain.analytics.groups import Asked, By, Group, Groups, read_groups, read_user_days
from app.domain.paywalls.modes import Mode
from app.domain.rollups.listing import find_top, keep_top
from app.domain.rollups.sums import NOTHING, Sums, plus
from app.domain.rollups.zones import date_of, day_of
from tests.support.rolled import LISTED, OWN, START, App, Chat, Hands, count_all, hands

FIRST = date_of(day_of("UTC", START))
LAST = FIRST + timedelta(2)
NAMES: dict[By, Callable[[App, str, tuple[str, str, str]], str]] = {
    By.DAY: lambda _app, _user, _by: "", By.MODEL: lambda _app, _user, by: by[0],
    By.KEY: lambda _app, _user, by: by[1], By.SOURCE: lambda _app, _user, by: by[2],
    By.USER: lambda _app, user, _by: user, By.PAYWALL: lambda app, _user, _by: app.id,
}  # fmt: skip


def some_days(at: Hands, mode: Mode = Mode.DEFAULT) -> App:
    """Three days of two models, two users, two keys, a charge by hand and, where it may be, a refund."""
    app = App(mode)
    for user in ("ada", "bob"):
        app.fund(user)
    told = app.chat(model=LISTED)
    app.chat(user="bob", model=OWN, key_id="key_2")
    at.go_on(86_400)
    app.chat(user="bob", model=OWN)
    app.charge("ada", 123_456_789)
    at.go_on(86_400)
    app.chat(model=OWN, reported_nanos=1_000_000)
    app.let_go(Chat("bob"))
    if mode is Mode.DEFAULT:
        app.give_back(told, told.charge // 2)
    count_all()
    return app


def expected(app: App, by: By, *, is_by_day: bool) -> dict[tuple[date | None, str], Sums]:
    found: dict[tuple[date | None, str], Sums] = defaultdict(lambda: NOTHING)
    for at, user, named, sums in app.expected:
        place = (date_of(day_of("UTC", at)) if is_by_day else None, NAMES[by](app, str(user), named))
        found[place] = plus(found[place], sums)
    return dict(found)


def read(app: App, by: By, *, is_by_day: bool = False, offset: int = 0, limit: int = 50) -> Groups:
    with db.transaction(writes=False) as session:
        return read_groups(session, Asked((app.id,), FIRST, LAST, by, is_by_day), offset, limit)


def as_table(found: Groups) -> dict[tuple[date | None, str], Sums]:
    table = {(one.day, one.name): one.sums for one in found.rows}
    assert len(table) == len(found.rows)
    return table


@pytest.mark.unhurried
@pytest.mark.parametrize("mode", [Mode.DEFAULT, Mode.SHARED])
def test_each_part_is_what_was_charged_in_it(database: str, mode: Mode) -> None:
    with hands() as at:
        app = some_days(at, mode)
        for by in By:
            for is_by_day in {by is By.DAY, True}:
                found = read(app, by, is_by_day=is_by_day)
                assert as_table(found) == expected(app, by, is_by_day=is_by_day), by
                gross = [one.sums.gross_nanos for one in found.rows]
                assert is_by_day or gross == sorted(gross, reverse=True)


def test_pages_of_parts_are_all_of_them_once(database: str) -> None:
    with hands() as at:
        app = some_days(at)
        whole = read(app, By.MODEL, is_by_day=True).rows
        pages = [read(app, By.MODEL, is_by_day=True, offset=offset, limit=2) for offset in range(0, len(whole), 2)]
        assert [one for page in pages for one in page.rows] == list(whole)
        assert [page.is_more for page in pages] == [True] * (len(pages) - 1) + [False]


def test_a_file_of_users_goes_on_behind_each_of_them(database: str) -> None:
    with hands() as at:
        app = some_days(at)
        wanted = Asked((app.id,), FIRST, LAST, By.USER)
        for size in (1, 2, 3, 50):
            found: list[Group] = []
            after: Group | None = None
            while True:
                with db.transaction(writes=False) as session:
                    batch = read_user_days(session, wanted, after, size)
                found += batch
                if len(batch) < size:
                    break
                after = batch[-1]
            assert {(one.day, one.name): one.sums for one in found} == expected(app, By.USER, is_by_day=True)
            assert [(one.day, one.name) for one in found] == sorted(expected(app, By.USER, is_by_day=True))


@pytest.mark.unhurried
def test_more_users_than_a_page_adds_up_come_from_the_list_that_a_job_made(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hands() as at:
        app = some_days(at)
        monkeypatch.setattr(groups, "USER_DAYS_MAX", 2)
        assert read(app, By.USER).are_too_many
        week = Asked((app.id,), LAST - timedelta(6), LAST, By.USER)
        with db.transaction() as session:
            assert read_groups(session, week, 0, 50).are_too_many
            keep_top(session, app.id, find_top(session, app.id), clock.now())
        with db.transaction(writes=False) as session:
            listed = read_groups(session, week, 0, 1)
            assert listed.is_more and [one.name for one in listed.rows] == ["ada"]
            by_day = Asked(week.paywalls, week.first, week.last, By.USER, is_by_day=True)
            assert as_table(read_groups(session, by_day, 0, 50)) == expected(app, By.USER, is_by_day=True)


def test_a_paywall_that_does_not_exist_has_no_parts(database: str) -> None:
    with db.transaction(writes=False) as session:
        asked = Asked(("pw_none",), FIRST, LAST, By.MODEL)
        assert read_groups(session, asked, 0, 50) == Groups(())
        assert read_user_days(session, asked, None, 50) == []
