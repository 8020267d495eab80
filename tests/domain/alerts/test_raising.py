"""An alert is raised once for each thing, threshold and period, and mailed by one."""

from dataclasses import replace

from app import db
from app.domain.alerts.raising import Found, claim_mail, keep, list_unmailed, read_alerts
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


def test_of_those_who_want_to_mail_an_alert_one_may(database: str) -> None:
    app = App()
    with db.transaction() as session:
        keep(session, [Found(app.id, AlertKind.SPEND, "20", share, "2026-11", "x", "y") for share in (50, 80)])
        first, second = list_unmailed(session, 9)
        assert len(list_unmailed(session, 1)) == 1
    with db.transaction() as session:
        assert claim_mail(session, first.id)
    with db.transaction() as session:
        assert not claim_mail(session, first.id) and not claim_mail(session, "alr_none")
        assert [alert.id for alert in list_unmailed(session, 9)] == [second.id]
