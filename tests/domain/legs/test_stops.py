"""A stop is there once, is taken once by whoever answers the request, and is forgotten where nobody does."""

import pytest

from app import db
from app.domain import clock
from app.domain.legs import stops
from app.domain.legs.stops import KEPT, Stop


def test_a_stop_is_taken_once_however_often_it_is_asked_and_with_no_others(database: str) -> None:
    ours, others = Stop("acct_ada", "req_1", 2), Stop("acct_eve", "req_2", 0)
    with db.transaction() as session:
        for stop in (ours, ours, others, Stop("acct_eve", "req_1", 2)):
            stops.ask(session, stop)
        assert stops.are_asked(session, ["req_1", "req_3", "req_4"]) and not stops.are_asked(session, ["req_3"])
        assert stops.take(session, ["req_1", "req_3", "req_4"]) == [ours]
        assert stops.take(session, ["req_1"]) == [] and stops.take(session, ["req_2"]) == [others]


def test_what_nobody_takes_is_forgotten_after_an_hour(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()
    with db.transaction() as session:
        stops.ask(session, Stop("acct_ada", "req_1", 0))
        assert stops.forget(session) == 0
        monkeypatch.setattr(clock, "now", lambda: now + KEPT + clock.SECOND)
        stops.ask(session, Stop("acct_ada", "req_2", 0))
        assert stops.forget(session) == 1 and stops.are_asked(session, ["req_2"])
