"""How a connection fares: what is known of it, and when nothing may be charged or given back by itself."""

import pytest

from app import db
from app.domain import clock
from app.domain.inbox import access, health
from app.domain.inbox.connections import SANDBOX, open_connection
from app.domain.inbox.health import Cursor
from app.domain.inbox.tables import EndpointStatus
from app.domain.money import Environment
from app.domain.topups.tables import Topup
from tests.support.books import make_snapshot
from tests.support.paying import begin


class Clock:
    """A time that is moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = clock.now()
        monkeypatch.setattr(clock, "now", lambda: self.at)

    def pass_by(self, seconds: int) -> None:
        self.at += seconds * clock.SECOND


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def connect() -> str:
    with db.transaction() as session:
        made = open_connection(session, "stripe", Environment.SANDBOX)
        access.keep_key(session, made.id, "sealed", account=None, settles_usd=None)
        return made.id


def is_up_to_date(connection_id: str) -> bool:
    with db.transaction(writes=False) as session:
        return health.is_up_to_date(session, connection_id)


def read(connection_id: str, newest: int | None = None) -> None:
    with db.transaction() as session:
        health.note_events_read(session, connection_id, clock.now(), newest)


def due() -> list[str]:
    with db.transaction(writes=False) as session:
        return list(health.list_due(session, "stripe"))


def cursor(connection_id: str) -> Cursor:
    with db.transaction(writes=False) as session:
        return health.read_cursor(session, connection_id)


def test_nothing_goes_by_itself_where_the_list_was_not_read_to_its_end_lately(database: str, time: Clock) -> None:
    connection_id = connect()
    assert (is_up_to_date(SANDBOX), is_up_to_date(connection_id)) == (True, False)
    read(connection_id)
    time.pass_by(health.READ_SECONDS_MAX - 1)
    assert is_up_to_date(connection_id)
    time.pass_by(1)
    assert not is_up_to_date(connection_id)


@pytest.mark.unhurried
def test_the_cursor_is_the_lists_own_less_ten_minutes_and_never_goes_back(database: str, time: Clock) -> None:
    connection_id = connect()
    assert cursor(connection_id) == Cursor(time.at // clock.SECOND - 3_600)
    for newest in (10_000, 9_000, None):
        read(connection_id, newest)
        assert cursor(connection_id) == Cursor(10_000 - 600)


@pytest.mark.unhurried
def test_a_list_is_read_every_five_minutes_and_soon_while_a_checkout_is_open_that_no_endpoint_tells_of(
    database: str, time: Clock
) -> None:
    connection_id = connect()
    assert due() == [connection_id]
    read(connection_id)
    marks = begin(make_snapshot(), connection_id)
    time.pass_by(10)
    assert due() == []  # nobody was sent anywhere yet
    with db.transaction() as session:
        row = session.get_one(Topup, marks.topup_id)
        row.checkout_id, row.expires_at = "cs_1", time.at + 100 * clock.SECOND
    assert due() == [connection_id]
    with db.transaction() as session:
        access.keep_endpoint(session, connection_id, "we_1", "sealed")
    assert due() == []
    with db.transaction() as session:
        assert health.note_checked(session, connection_id, EndpointStatus.DISABLED)
    assert due() == [connection_id]
    time.pass_by(100)
    read(connection_id)
    time.pass_by(299)
    assert due() == []
    time.pass_by(1)
    assert due() == [connection_id]
    with db.transaction() as session:
        access.forget_key(session, connection_id)
    assert due() == []


def test_an_owner_is_told_of_a_refusal_once_a_day_and_at_once_after_another_key(database: str, time: Clock) -> None:
    connection_id = connect()

    def refuse() -> list[str | None]:
        with db.transaction() as session:
            health.note_refused(session, connection_id, "No.")
            return [health.take_untold(session, connection_id) for _ in range(2)]

    assert [refuse(), refuse()] == [["No.", None], [None, None]]
    read(connection_id)  # one call that is allowed says nothing of the one that was not
    assert refuse() == [None, None]
    time.pass_by(health.REFUSED_SECONDS)
    read(connection_id)
    with db.transaction() as session:
        fares = health.read_health(session, connection_id)
        assert (fares.last_error, fares.refused_at, health.take_untold(session, connection_id)) == (None, None, None)
    assert refuse() == ["No.", None]
    with db.transaction() as session:
        access.keep_key(session, connection_id, "another", account=None, settles_usd=None)
        assert health.read_health(session, connection_id).refused_at is None
    assert refuse() == ["No.", None]


def test_only_an_endpoint_that_sent_can_stop(database: str) -> None:
    connection_id = connect()
    with db.transaction() as session:
        assert not health.note_checked(session, connection_id, None)
        access.keep_endpoint(session, connection_id, "we_1", "sealed")
        states = (EndpointStatus.ENABLED, EndpointStatus.DISABLED, EndpointStatus.DISABLED, EndpointStatus.ENABLED,
                  EndpointStatus.MISSING)  # fmt: skip
        stopped = [health.note_checked(session, connection_id, status) for status in states]
        assert stopped == [False, True, False, False, True]
        assert health.read_health(session, connection_id).endpoint_status is EndpointStatus.MISSING
