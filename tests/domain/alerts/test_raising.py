"""An alert is raised once for each thing, threshold and period."""

from dataclasses import replace

from app import db
from app.domain.alerts.raising import Found, keep, read_alerts
from app.domain.alerts.tables import AlertKind
from tests.support.rolled import App


def test_what_was_raised_is_not_raised_again(database: str) -> None:
    app = App()
    first = Found(app.id, AlertKind.SPEND, "20", 50, "2026-11", "half", "half of it")
    others = [replace(first, threshold=80), replace(first, period="2026-12"), replace(first, subject="30"),
              replace(first, kind=AlertKind.PROVIDER_REFUSED)]  # fmt: skip
    with db.transaction() as session:
        assert keep(session, [first, first]) == [first]
    with db.transaction() as session:
        assert keep(session, [first, *others]) == others
        assert keep(session, []) == []
    with db.transaction(writes=False) as session:
        assert len(read_alerts(session, app.id, 9)) == 5 and len(read_alerts(session, app.id, 2)) == 2
