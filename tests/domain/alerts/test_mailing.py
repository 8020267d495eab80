"""A mail is stored before it is sent, sent until it was, by one at a time, and one in a day of the same thing."""

from dataclasses import replace

from app import db
from app.domain import clock
from app.domain.alerts import mailing
from app.domain.alerts.mailing import LEASE_SECONDS, PAUSE, TRIES_MAX, claim, list_due, list_waiting, note_sent, store
from app.domain.alerts.raising import Found, keep
from app.domain.alerts.tables import AlertKind
from tests.support.rolled import App, Hands, hands

DAY = PAUSE // clock.SECOND


def found(app: App, period: str, **more: object) -> Found:
    made = Found(app.id, AlertKind.PROVIDER_REFUSED, "mine", 100, period, f"refused {period}", "y")
    return replace(made, **more)  # type: ignore[arg-type]


def raise_(*alerts: Found) -> None:
    with db.transaction() as session:
        keep(session, alerts)


def store_all(*addresses: str) -> list[str]:
    with db.transaction() as session:
        waiting = list_waiting(session, 9)
        assert all(store(session, id_, addresses) for id_ in waiting)
        assert not any(store(session, id_, addresses) for id_ in waiting)
    return list(waiting)


def send(at: Hands) -> list[str]:
    """Sends all that is due, and returns what it said and to whom."""
    with db.transaction() as session:
        due = list_due(session, 9)
        for mail in due:
            assert claim(session, mail) and not claim(session, mail)
            note_sent(session, mail)
    return [f"{mail.title} to {mail.address}" for mail in due]


def test_of_the_same_thing_there_is_one_mail_in_a_day_which_tells_the_newest(database: str) -> None:
    with hands() as at:
        app = App()
        raise_(found(app, "1"))
        store_all("a", "b")
        assert send(at) == ["refused 1 to a", "refused 1 to b"] and send(at) == []
        for period in ("2", "3"):
            at.go_on(60)
            raise_(found(app, period))
            assert store_all("a") == []
        raise_(found(app, "2", subject="another"))
        store_all("a")
        assert send(at) == ["refused 2 to a"], "another thing waits for none of it"
        at.go_on(DAY)
        assert len(store_all("a")) == 1 and send(at) == ["refused 3 to a"]
        at.go_on(DAY + 1)
        assert store_all("a") == [] and send(at) == [], "what was told in one is not told again"


def test_who_is_lost_while_sending_is_followed_by_another(database: str) -> None:
    with hands() as at:
        raise_(found(App(), "1"))
        store_all("a")
        with db.transaction(writes=False) as session:
            (mail,) = list_due(session, 9)
        for number in range(TRIES_MAX):
            with db.transaction() as session:
                assert list_due(session, 9) == [mail] and claim(session, mail)
                assert list_due(session, 9) == []
            at.go_on(LEASE_SECONDS * 2**number - 1)
            with db.transaction(writes=False) as session:
                assert list_due(session, 9) == []
            at.go_on(2)
        with db.transaction() as session:
            assert list_due(session, 9) == [] and not claim(session, mail), "it is given up"


def test_an_alert_without_anybody_to_tell_waits_for_nobody(database: str) -> None:
    with hands() as at:
        raise_(found(App(), "1"))
        assert len(store_all()) == 1 and store_all() == [] and send(at) == []
        assert mailing.TRIES_MAX > 5
