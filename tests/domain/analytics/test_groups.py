"""What pages and files of analytics show is what was charged, told apart by each thing, never twice and never less."""

from datetime import timedelta

import pytest

from app import db
from app.domain import clock
from app.domain.analytics import groups
from app.domain.analytics.groups import Asked, By, Groups, read_groups
from app.domain.legs.legs import Source
from app.domain.paywalls.modes import Mode
from app.domain.pricing.quote import Tokens
from app.domain.rollups.listing import find_top, keep_top
from app.domain.rollups.sums import Sums
from tests.support.rolled import LISTED, OWN, App, count_all, hands, ledger_gross
from tests.support.rolled_legs import begin, settle
from tests.support.told_apart import FIRST, LAST, PAIRS, Key, expected, some_days


def read(app: App, by: By, and_by: By | None = None, offset: int = 0, limit: int = 50) -> Groups:
    with db.transaction(writes=False) as session:
        return read_groups(session, Asked((app.id,), FIRST, LAST, by, and_by), offset, limit)


def as_table(found: Groups) -> dict[Key, Sums]:
    table = {(one.day, one.name, one.also): one.sums for one in found.rows}
    assert len(table) == len(found.rows)
    return table


@pytest.mark.unhurried
@pytest.mark.parametrize("mode", [Mode.DEFAULT, Mode.SHARED])
def test_each_part_is_what_was_charged_in_it_by_one_thing_and_by_any_two(database: str, mode: Mode) -> None:
    with hands() as at:
        app = some_days(at, mode)
        for by, and_by in PAIRS:
            found = read(app, by, and_by)
            assert as_table(found) == expected(app, by, and_by), (by, and_by)
            gross = [one.sums.gross_nanos for one in found.rows]
            assert By.DAY in (by, and_by) or gross == sorted(gross, reverse=True)
            assert not found.are_of_first and not found.is_more


@pytest.mark.unhurried
def test_what_asked_several_models_is_a_request_of_each_of_them_and_one_of_its_key(database: str) -> None:
    with hands():
        app = App()
        app.fund()
        app.chat()
        told = settle(app, begin(app, [Tokens(10, 20), Tokens(30, 40), None], [Source.PLATFORM] * 3))
        settle(app, begin(app, [Tokens(1, 2), Tokens(3, 4)], [Source.OWN, Source.PLATFORM]))
        count_all()
        found = {(one.name, one.also): one.sums for one in read(app, By.MODEL, By.SOURCE).rows}
        assert {names: sums.requests for names, sums in found.items()} == {
            (LISTED, "platform"): 2, (OWN, "platform"): 2, (LISTED, "byok"): 1,
        }  # fmt: skip
        assert found[LISTED, "byok"].gross_nanos == 0 and found[LISTED, "byok"].tokens == 3
        assert told.charge > 0 and sum(sums.gross_nanos for sums in found.values()) == ledger_gross(app.id)
        for by in (By.KEY, By.USER, By.DAY, By.PAYWALL):
            assert [one.sums.requests for one in read(app, by).rows] == [3], by
        by_user = {one.also: one.sums.requests for one in read(app, By.USER, By.MODEL).rows}
        assert by_user == {LISTED: 3, OWN: 2}


def test_pages_of_parts_are_all_of_them_once(database: str) -> None:
    with hands() as at:
        app = some_days(at)
        for by, and_by in ((By.MODEL, By.DAY), (By.USER, By.MODEL), (By.KEY, By.MODEL)):
            whole = read(app, by, and_by).rows
            pages = [read(app, by, and_by, offset=offset, limit=2) for offset in range(0, len(whole), 2)]
            assert [one for page in pages for one in page.rows] == list(whole)
            assert [page.is_more for page in pages] == [True] * (len(pages) - 1) + [False]


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
            monkeypatch.setattr(groups, "ROWS_TOLD_APART", 2)
            for and_by in (By.DAY, By.MODEL, By.KEY, By.SOURCE):
                pair = Asked(week.paywalls, week.first, week.last, By.USER, and_by)
                found = read_groups(session, pair, 0, 50)
                assert found.are_of_first and as_table(found) == expected(app, By.USER, and_by), and_by
            monkeypatch.setattr(groups, "USERS_TOLD_APART", 1)
            first = read_groups(session, Asked(week.paywalls, week.first, week.last, By.MODEL, By.USER), 0, 50)
            assert {one.also for one in first.rows} == {"ada"} and first.are_of_first
            apps = read_groups(session, Asked(week.paywalls, week.first, week.last, By.PAYWALL, By.USER), 0, 50)
            assert [(one.name, one.also) for one in apps.rows] == [(app.id, "ada"), (app.id, "bob")]


def test_a_paywall_that_does_not_exist_has_no_parts(database: str) -> None:
    with db.transaction(writes=False) as session:
        asked = Asked(("pw_none",), FIRST, LAST, By.MODEL)
        assert read_groups(session, asked, 0, 50) == Groups(())
