"""A reading is kept for as long as nothing more is counted, and is then what would be read."""

import pytest
from sqlalchemy import text

from app import db
from app.domain.analytics.groups import Asked, By
from app.domain.analytics.kept import Kept
from app.domain.rollups.reading import today
from app.web.developer.analytics.reading import read_analytics
from app.web.developer.analytics.wanted import Wanted
from tests.support.rolled import App, count_all, hands

pytestmark = pytest.mark.usefixtures("migrated_sqlite_url")


def grosses(paywall_id: str) -> list[str]:
    with db.transaction(writes=False) as session:
        return [part.sums.gross for part in read_analytics(session, paywall_id, Wanted(), "").parts]


def test_a_page_is_read_again_once_something_was_counted() -> None:
    with hands() as at:
        app = App()
        app.fund()
        app.charge("ada", 10**9)
        count_all()
        assert grosses(app.id) == ["$1.00"]
        with db.transaction() as session:
            session.execute(text("UPDATE rollup_day SET gross_nanos = 7000000000"))
        assert grosses(app.id) == ["$1.00"], "it was not read again"
        at.go_on(1)
        app.charge("ada", 10**9)
        count_all()
        assert grosses(app.id) == ["$8.00"]


def test_no_more_is_kept_than_so_many_readings_the_one_not_asked_for_longest_goes() -> None:
    app, kept, made = App(), Kept(2), list[int]()
    with db.transaction(writes=False) as session:
        last = today(session, app.id)

        def ask(offset: int) -> int:
            def read() -> int:
                made.append(offset)
                return offset

            return kept.read(session, Asked((app.id,), last, last, By.MODEL), offset, read)

        assert [ask(offset) for offset in (1, 2, 1, 3, 1, 2)] == [1, 2, 1, 3, 1, 2]
    assert made == [1, 2, 3, 2]
