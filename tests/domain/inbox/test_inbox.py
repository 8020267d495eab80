"""The inbox keeps an event until somebody has acted on it."""

from sqlalchemy import select

from app import db
from app.domain.inbox import inbox
from app.domain.inbox.tables import InboxEvent


def test_an_event_is_stored_once_and_finished_once(database: str) -> None:
    with db.transaction() as session:
        inbox.store(session, "e1", "sandbox", "pay_1")
        inbox.store(session, "e1", "sandbox", "pay_1")
        assert inbox.unhandled(session, 0, 10) == [("e1", "sandbox", "pay_1")]
        assert [inbox.finish(session, "e1"), inbox.finish(session, "e1"), inbox.finish(session, "e2")] == [
            True,
            False,
            False,
        ]
        assert inbox.unhandled(session, 0, 10) == []


def test_what_came_just_now_is_left_to_whoever_stored_it(database: str) -> None:
    with db.transaction() as session:
        inbox.store(session, "e1", "sandbox", "pay_1")
        assert inbox.unhandled(session, 60, 10) == []
        assert inbox.unhandled(session, 0, 0) == []


def test_a_failure_for_now_is_noted_and_a_final_one_ends_the_event(database: str) -> None:
    with db.transaction() as session:
        inbox.store(session, "e1", "sandbox", "pay_1")
        inbox.postpone(session, "e1", "away")
        inbox.postpone(session, "e2", "away")
        stored = session.scalars(select(InboxEvent)).one()
        assert (stored.attempts, stored.last_error, stored.handled_at) == (1, "away", None)
        assert inbox.finish(session, "e1", "forged")
        inbox.postpone(session, "e1", "too late")
        assert stored.last_error == "forged" and stored.handled_at is not None
