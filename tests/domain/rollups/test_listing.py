"""The top users of a span are those who were charged most in it, and lists are made anew when they are old."""

import pytest

from app import db
from app.domain import clock
from app.domain.rollups.listing import find_top, keep_top, list_due
from app.domain.rollups.reading import read_numbers, read_top_users, today
from app.domain.rollups.zones import date_of, day_of
from tests.support.rolled import App, count_all, hands


def list_all() -> list[str]:
    with db.transaction() as session:
        due = list(list_due(session))
        for paywall_id in due:
            keep_top(session, paywall_id, find_top(session, paywall_id), clock.now())
    return due


@pytest.mark.unhurried
def test_who_was_charged_most_comes_first_in_each_span(database: str) -> None:
    with hands() as at:
        app = App()
        for user, nanos in (("old", 50), ("ada", 10), ("bob", 20), ("eve", 15)):
            app.fund(user)
            app.charge(user, nanos)
            if user == "old":
                at.go_on(20 * 86_400)
        app.charge("ada", 6)
        count_all()
        assert list_all() == [app.id]
        with db.transaction(writes=False) as session:
            week, month = read_top_users(session, app.id, 7), read_top_users(session, app.id, 30, limit=2)
            assert [(top.user, top.sums.gross_nanos) for top in week] == [("bob", 20), ("ada", 16), ("eve", 15)]
            assert [(top.user, top.sums.requests) for top in month] == [("old", 1), ("bob", 1)]
            last = today(session, app.id)
            first = date_of(day_of("UTC", clock.now()) - 29)
            assert read_numbers(session, [app.id], first, last)[app.id].users.count == 4


def test_a_list_is_old_when_something_was_counted_since_or_its_day_is_over(database: str) -> None:
    with hands() as at:
        app = App()
        app.fund()
        app.charge("ada", 5)
        count_all()
        assert list_all() == [app.id] and list_all() == []
        at.go_on(60)
        app.charge("ada", 5)
        assert list_all() == []
        count_all()
        assert list_all() == [app.id] and list_all() == []
        at.go_on(86_400)
        assert list_all() == [app.id]
