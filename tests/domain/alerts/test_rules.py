"""A paywall has one amount, or none."""

from app import db
from app.domain.alerts.rules import list_monthly, read_monthly, set_monthly
from tests.support.rolled import App


def test_an_amount_is_kept_changed_and_taken_away(database: str) -> None:
    app, other = App(), App()
    for nanos, is_new in ((None, False), (5, True), (5, False), (7, True), (None, True), (9, True)):
        with db.transaction() as session:
            assert set_monthly(session, app.id, nanos) is is_new
            assert read_monthly(session, app.id) == nanos
    with db.transaction() as session:
        set_monthly(session, other.id, 3)
        assert dict(list_monthly(session)) == {app.id: 9, other.id: 3}
