"""Users are counted once, by the days of each paywall's zone, whatever came after the range."""

from datetime import date, timedelta

import pytest

from app import db
from app.domain import clock
from app.domain.analytics import steps
from app.domain.analytics.steps import Steps, read_steps
from app.domain.funnel.rounds import Shown, Used, note_paid, note_shown, note_used
from app.domain.rollups import building
from app.domain.rollups.zones import day_number, day_start
from tests.support.rolled import App, hands

DAY = date(2026, 3, 28)
KOLKATA, HOUR = "Asia/Kolkata", 3_600 * clock.SECOND
BEGIN, END = day_start(KOLKATA, day_number(DAY)), day_start(KOLKATA, day_number(DAY + timedelta(1)))


def read(*paywalls: str, first: date = DAY, last: date = DAY) -> Steps:
    with db.transaction(writes=False) as session:
        return read_steps(session, paywalls, first, last)


def test_each_user_counts_once_on_the_day_of_the_zone(database: str) -> None:
    app = App()
    with db.transaction() as session:
        building.choose_zone(session, app.id, KOLKATA)
        while building.build_next(session, app.id, 10):
            pass
    with hands(END + HOUR) as at, db.transaction() as session:
        note_shown(session, [Shown(app.id, BEGIN - 1, "before"), Shown(app.id, BEGIN, "ada"),
                             Shown(app.id, END - 1, "bob"), Shown(app.id, END, "after")])  # fmt: skip
        note_paid(session, "wal_none", app.id, "ada")
        note_shown(session, [Shown(app.id, END - 2, "ada")])
        note_used(session, [Used(app.id, "ada", at.at)])
    assert read(app.id) == Steps(2, 1, 1)
    assert read(app.id, first=DAY - timedelta(1), last=DAY + timedelta(1)) == Steps(4, 1, 1)
    assert read(app.id, first=DAY + timedelta(2), last=DAY + timedelta(2)) == Steps() == read() == read("pw_none")


def test_users_of_two_apps_are_two_and_what_is_too_much_is_said(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = App(), App()
    with hands(END), db.transaction() as session:
        note_shown(session, [Shown(app.id, BEGIN + clock.DAY // 2, user) for app in (one, other) for user in "abc"])
        note_paid(session, "wal_none", one.id, "a")
    assert read(one.id, other.id) == Steps(6, 1, 0)
    monkeypatch.setattr(steps, "ROUNDS_MAX", 4)
    assert read(one.id, other.id).is_more and not read(one.id).is_more
