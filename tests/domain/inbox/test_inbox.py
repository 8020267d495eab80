"""The inbox keeps an event until somebody has acted on it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from app import db
from app.domain import clock
from app.domain.inbox import connections, inbox
from app.domain.inbox.inbox import StoredEvent, pause_seconds
from app.domain.inbox.tables import InboxEvent
from app.domain.money import Environment

E1 = StoredEvent("sandbox", "e1", "pay_1")


def stored_event(session: db.Session) -> InboxEvent:
    return session.scalars(select(InboxEvent)).one()


def at(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    monkeypatch.setattr(clock, "now", lambda: seconds * clock.SECOND)


def due(session: db.Session, limit: int = 10, connection_id: str = "sandbox") -> list[str]:
    return [event.id for event in inbox.list_due(session, connection_id, limit)]


def test_an_event_is_stored_once_and_finished_once(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, 0)
    with db.transaction() as session:
        inbox.store(session, E1)
        inbox.store(session, E1)
        at(monkeypatch, 31)
        assert inbox.list_due(session, "sandbox", 10) == [E1]
        other = StoredEvent("sandbox", "e2", "pay_1")
        assert [inbox.finish(session, E1), inbox.finish(session, E1), inbox.finish(session, other)] == [
            True,
            False,
            False,
        ]
        assert inbox.list_due(session, "sandbox", 10) == []


def test_an_event_of_the_same_name_at_another_connection_is_another_event(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, 0)
    with db.transaction() as session:
        other = connections.open_connection(session, "emulated", Environment.SANDBOX)
        theirs = StoredEvent(other.id, "e1", "pay_theirs")
        for event in (theirs, E1, theirs):
            inbox.store(session, event)
        at(monkeypatch, 31)
        assert inbox.list_due_connections(session) == sorted(["sandbox", other.id])
        assert inbox.finish(session, theirs)
        assert inbox.list_due(session, other.id, 10) == []
        assert inbox.list_due(session, "sandbox", 10) == [E1]
        assert inbox.list_due_connections(session) == ["sandbox"]


def test_what_came_just_now_is_left_to_whoever_stored_it(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, 0)
    with db.transaction() as session:
        inbox.store(session, E1)
        assert due(session) == [] == inbox.list_due_connections(session)
        at(monkeypatch, 30)
        assert due(session, limit=0) == [] and due(session) == ["e1"]


def test_a_failure_for_now_is_noted_and_a_final_one_ends_the_event(database: str) -> None:
    with db.transaction() as session:
        inbox.store(session, E1)
        inbox.postpone(session, E1, "away")
        inbox.postpone(session, StoredEvent("sandbox", "e2", "pay_1"), "away")
        stored = session.get_one(InboxEvent, ("sandbox", "e1"))
        assert (stored.attempts, stored.last_error, stored.handled_at) == (1, "away", None)
        inbox.store(session, StoredEvent("sandbox", "e3", "pay_3"))
        assert inbox.count_waiting(session) == {"sandbox": (2, 1)}
        assert inbox.finish(session, StoredEvent("sandbox", "e3", "pay_3"))
        assert inbox.count_waiting(session) == {"sandbox": (1, 1)}
        assert inbox.finish(session, E1, "forged")
        inbox.postpone(session, E1, "too late")
        assert stored.last_error == "forged" and stored.handled_at is not None
        assert inbox.count_waiting(session) == {}
        assert inbox.count_refused(session, "sandbox", 0) == 1
        assert inbox.count_refused(session, "sandbox", clock.now() + clock.SECOND) == 0


def test_what_fails_is_tried_later_and_later_up_to_once_an_hour(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [pause_seconds(tries) for tries in (0, 1, 2, 6, 7, 40, 10**9)] == [30, 60, 120, 1_920, 3_600, 3_600, 3_600]
    at(monkeypatch, 100)
    with db.transaction() as session:
        inbox.store(session, E1)
        for seconds in (200, 300):
            at(monkeypatch, seconds)
            inbox.postpone(session, E1, "x" * 5_000)
        at(monkeypatch, 359)
        assert due(session) == []
        at(monkeypatch, 360)
        assert due(session) == ["e1"]
        assert len(stored_event(session).last_error or "") == inbox.ERROR_CHARACTERS_MAX


def test_unfinished_events_come_oldest_first_and_only_as_many_as_asked(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with db.transaction() as session:
        for event_id, seconds in (("b", 2), ("c", 3), ("a", 1)):
            at(monkeypatch, seconds)
            inbox.store(session, StoredEvent("sandbox", event_id, f"pay_{event_id}"))
        at(monkeypatch, 100)
        assert due(session) == ["a", "b", "c"]
        assert due(session, 2) == ["a", "b"]
        at(monkeypatch, 32)
        assert due(session) == ["a", "b"]


def test_an_event_that_comes_again_keeps_its_age_its_failures_and_its_payment(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, 1)
    with db.transaction() as session:
        inbox.store(session, E1)
        inbox.postpone(session, E1, "away")
    at(monkeypatch, 2)
    with db.transaction() as session:
        assert inbox.store(session, StoredEvent("sandbox", "e1", "pay_2")) == E1
        stored = stored_event(session)
        assert (stored.received_at, stored.next_at, stored.object_id) == (
            clock.SECOND,
            31 * clock.SECOND,
            "pay_1",
        )
        assert (stored.attempts, stored.last_error) == (1, "away")
        assert inbox.finish(session, E1) and stored.last_error is None


def test_an_event_stays_open_when_the_transaction_that_acts_on_it_fails(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, 0)
    with db.transaction() as session:
        inbox.store(session, E1)
    with pytest.raises(RuntimeError), db.transaction() as session:
        assert inbox.finish(session, E1)
        raise RuntimeError
    at(monkeypatch, 31)
    with db.transaction() as session:
        assert inbox.list_due(session, "sandbox", 10) == [E1]


def test_of_several_that_finish_an_event_at_once_only_one_may_act(database: str) -> None:
    with db.transaction() as session:
        inbox.store(session, E1)

    def act(_: int) -> bool:
        with db.transaction() as session:
            return inbox.finish(session, E1)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(act, range(8))) == [False] * 7 + [True]


def test_what_fails_again_and_again_lets_the_others_go_first(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, 0)
    with db.transaction() as session:
        inbox.store(session, StoredEvent("sandbox", "stuck", "p1"))
        inbox.postpone(session, StoredEvent("sandbox", "stuck", "p1"), "away")
        at(monkeypatch, 1)
        inbox.store(session, StoredEvent("sandbox", "new", "p2"))
        at(monkeypatch, 100)
        assert due(session, 1) == ["new"] and due(session) == ["new", "stuck"]
