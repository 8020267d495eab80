"""Files of users go on behind each of them, and have whatever else is told apart, once."""

import pytest

from app import db
from app.domain.analytics.groups import Asked, By, Group
from app.domain.analytics.user_days import read_user_days, read_user_parts
from app.domain.rollups.sums import Sums
from tests.support.rolled import App, count_all, hands
from tests.support.told_apart import FIRST, LAST, expected, some_days


def read_file(app: App, and_by: By | None, size: int) -> tuple[list[Group], list[Group]]:
    """The days of users of all batches of a file, and their parts."""
    days: list[Group] = []
    parts: list[Group] = []
    after: Group | None = None
    asked = Asked((app.id,), FIRST, LAST, By.USER, and_by)
    while True:
        with db.transaction(writes=False) as session:
            batch = read_user_days(session, asked, after, size)
            parts += [] if and_by is None else read_user_parts(session, asked, batch)
        days += batch
        if len(batch) < size:
            return days, parts
        after = batch[-1]


@pytest.mark.unhurried
def test_a_file_of_users_goes_on_behind_each_of_them(database: str) -> None:
    with hands() as at:
        app = some_days(at)
        for size in (1, 2, 3, 50):
            days, _ = read_file(app, None, size)
            by_day = expected(app, By.USER, By.DAY)
            assert [((one.day, one.name, ""), one.sums) for one in days] == sorted(by_day.items(), key=str)
            for and_by in (By.MODEL, By.KEY, By.SOURCE):
                _, parts = read_file(app, and_by, size)
                found: dict[tuple[str, str], Sums] = {}
                order = [(one.day, one.name, one.also) for one in parts]
                assert order == sorted(set(order), key=str)
                for one in parts:
                    found[one.name, one.also] = add(found.get((one.name, one.also)), one.sums)
                whole = {(name, also): sums for (_, name, also), sums in expected(app, By.USER, and_by).items()}
                assert found == whole, (and_by, size)


def add(one: Sums | None, other: Sums) -> Sums:
    return other if one is None else Sums(*[mine + theirs for mine, theirs in zip(one, other, strict=True)])


def test_a_paywall_that_does_not_exist_has_no_days_of_users(database: str) -> None:
    count_all()
    with db.transaction(writes=False) as session:
        asked = Asked(("pw_none",), FIRST, LAST, By.USER, By.MODEL)
        assert read_user_days(session, asked, None, 50) == [] == read_user_parts(session, asked, [])
