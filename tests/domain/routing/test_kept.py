"""Breakers that operators read, of processes that live."""

from app import db
from app.domain import clock
from app.domain.leases import leases
from app.domain.routing.breaker import CLOSED, Breaker, BreakerName, State
from app.domain.routing.kept import LISTED_MAX, list_open, note

A, B = BreakerName("own", "a", "operator"), BreakerName("own", "b", "operator")


def test_what_living_processes_leave_alone_is_listed_until_it_is_closed_or_they_die(database: str) -> None:
    now = clock.now()
    first = Breaker(0, now + 30 * clock.SECOND, 3, None, now - 9, "status_503")
    second = Breaker(0, now - 5, 3, now + 99 * clock.SECOND, now - 8, "timeout")
    with db.transaction() as session:
        for process in ("one", "two"):
            leases.take(session, f"{leases.PROCESS}{process}", process, 60)
        note(session, "one", A, first)
        note(session, "two", A, second)
        note(session, "one", B, Breaker(0, now - 1, 0, None, now - 7, "no_answer"))
        note(session, "dead", A, first)
    with db.transaction(writes=False) as session:
        found = list_open(session)
    assert [(one.process, one.name.model, one.state, one.breaker.reason) for one in found] == [
        ("one", "a", State.OPEN, "status_503"), ("two", "a", State.OPEN, "timeout"),
        ("one", "b", State.HALF_OPEN, "no_answer"),
    ]  # fmt: skip
    with db.transaction() as session:
        note(session, "one", A, CLOSED)
        leases.give_up(session, f"{leases.PROCESS}two", "two")
        note(session, "one", B, second)
    with db.transaction(writes=False) as session:
        assert [(one.process, one.name.model, one.breaker.reason) for one in list_open(session)] == [
            ("one", "b", "timeout")
        ]


def test_what_people_have_left_alone_hides_nothing_of_the_operators(database: str) -> None:
    now = clock.now()
    with db.transaction() as session:
        leases.take(session, f"{leases.PROCESS}one", "one", 60)
        for number in range(LISTED_MAX):
            theirs = BreakerName("mine", f"m{number}", "own/cred_1")
            note(session, "one", theirs, Breaker(0, now + 99, 0, None, now - 9, "told"))
        note(session, "one", A, Breaker(0, now + 99, 0, None, now - 8, "status_503"))
    with db.transaction(writes=False) as session:
        found = list_open(session)
    assert (len(found), found[0].name, found[1].name.model) == (LISTED_MAX, A, "m0")
