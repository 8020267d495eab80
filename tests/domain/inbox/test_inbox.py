"""The inbox keeps an event until somebody has acted on it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from app import db
from app.domain import clock
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


def test_unfinished_events_come_oldest_first_and_only_as_many_as_asked(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with db.transaction() as session:
        for event_id, seconds in (("b", 2), ("c", 3), ("a", 1)):
            monkeypatch.setattr(clock, "now", lambda seconds=seconds: seconds * clock.SECOND)
            inbox.store(session, event_id, "sandbox", f"pay_{event_id}")
        monkeypatch.setattr(clock, "now", lambda: 10 * clock.SECOND)
        assert [event_id for event_id, _, _ in inbox.unhandled(session, 0, 10)] == ["a", "b", "c"]
        assert [event_id for event_id, _, _ in inbox.unhandled(session, 0, 2)] == ["a", "b"]
        assert [event_id for event_id, _, _ in inbox.unhandled(session, 8, 10)] == ["a", "b"]
        assert inbox.unhandled(session, 9.5, 10) == []


def test_an_event_that_comes_again_keeps_its_age_its_failures_and_its_payment(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: 1)
    with db.transaction() as session:
        inbox.store(session, "e1", "sandbox", "pay_1")
        inbox.postpone(session, "e1", "away")
    monkeypatch.setattr(clock, "now", lambda: 2)
    with db.transaction() as session:
        inbox.store(session, "e1", "stripe", "pay_2")
        stored = session.scalars(select(InboxEvent)).one()
        assert (stored.received_at, stored.rail, stored.payment_id) == (1, "sandbox", "pay_1")
        assert (stored.attempts, stored.last_error) == (1, "away")
        assert inbox.finish(session, "e1") and stored.last_error is None


def test_an_event_stays_open_when_the_transaction_that_acts_on_it_fails(database: str) -> None:
    with db.transaction() as session:
        inbox.store(session, "e1", "sandbox", "pay_1")
    with pytest.raises(RuntimeError), db.transaction() as session:
        assert inbox.finish(session, "e1")
        raise RuntimeError
    with db.transaction() as session:
        assert inbox.unhandled(session, 0, 10) == [("e1", "sandbox", "pay_1")]


def test_of_several_that_finish_an_event_at_once_only_one_may_act(database: str) -> None:
    with db.transaction() as session:
        inbox.store(session, "e1", "sandbox", "pay_1")

    def act(_: int) -> bool:
        with db.transaction() as session:
            return inbox.finish(session, "e1")

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(act, range(8))) == [False] * 7 + [True]


def test_what_fails_again_and_again_lets_the_others_go_first(database: str) -> None:
    with db.transaction() as session:
        for name in ("stuck", "new"):
            inbox.store(session, name, "sandbox", f"pay_{name}")
        inbox.postpone(session, "stuck", "away")
        assert inbox.unhandled(session, 0, 1) == [("new", "sandbox", "pay_new")]
        inbox.postpone(session, "new", "away")
        assert [event_id for event_id, _, _ in inbox.unhandled(session, 0, 2)] == ["stuck", "new"]
