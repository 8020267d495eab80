"""How an account is reached, and what it takes for it not to be reached any more."""

import pytest

from app import db
from app.domain import clock
from app.domain.errors import NotFound
from app.domain.inbox import access, health
from app.domain.inbox.connections import Connection, open_connection, read_connection
from app.domain.inbox.tables import EndpointStatus
from app.domain.money import Environment
from tests.support.books import make_paywall

PLAY, LIVE = Environment.SANDBOX, Environment.LIVE


def connect(session: db.Session, key: str = "sealed", paywall_id: str | None = None) -> Connection:
    made = open_connection(session, "stripe", PLAY, paywall_id)
    access.keep_key(session, made.id, key, account="acct_1", settles_usd=True)
    return read_connection(session, made.id)


@pytest.mark.unhurried
def test_a_connection_is_found_open_by_whose_it_is_until_it_is_disconnected(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        own, theirs = connect(session), connect(session, paywall_id=paywall_id)
        newer = connect(session)
        assert access.find_open(session, "stripe", PLAY, None) in (own, newer)
        assert access.find_open(session, "stripe", PLAY, paywall_id) == theirs
        assert access.find_open(session, "stripe", LIVE, None) is access.find_open(session, "other", PLAY, None) is None
        assert [access.disconnect(session, theirs.id) for _ in range(2)] == [True, False]
        assert access.find_open(session, "stripe", PLAY, paywall_id) is None
        left = read_connection(session, theirs.id)
        assert (left.is_open, left.key_sealed) == (False, "sealed")
        access.keep_key(session, theirs.id, "sealed again", account=None, settles_usd=None)
        back = read_connection(session, theirs.id)
        assert (back.is_open, back.key_sealed, back.account) == (True, "sealed again", "acct_1")
        assert health.read_health(session, theirs.id).settles_usd is True


def test_a_new_endpoint_replaces_the_old_whose_secret_is_accepted_for_a_day(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with db.transaction() as session:
        connection_id = connect(session).id
        assert access.read_secrets(session, connection_id) == []
        access.keep_endpoint(session, connection_id, "we_1", "one")
        access.keep_endpoint(session, connection_id, "we_2", "two")
        assert set(access.read_secrets(session, connection_id)) == {("we_1", "one"), ("we_2", "two")}
        ((found, endpoint_id),) = access.list_endpoints(session, "stripe")
        assert (found.id, endpoint_id, access.read_endpoint_id(session, connection_id)) == (
            connection_id,
            "we_2",
            "we_2",
        )
        assert health.read_health(session, connection_id).endpoint_status is EndpointStatus.ENABLED
        later = clock.now() + access.SECRET_KEPT_SECONDS * clock.SECOND
        monkeypatch.setattr(clock, "now", lambda: later)
        assert access.read_secrets(session, connection_id) == [("we_2", "two")]


def test_a_forgotten_key_takes_secrets_and_endpoint_with_it(database: str) -> None:
    with db.transaction() as session:
        connection_id = connect(session).id
        access.keep_endpoint(session, connection_id, "we_1", "one")
        access.forget_key(session, connection_id)
        found = read_connection(session, connection_id)
        assert (found.key_sealed, found.is_open) == (None, False)
        assert access.read_secrets(session, connection_id) == access.list_endpoints(session, "stripe") == []


def test_what_is_not_there_is_not_found(database: str) -> None:
    with db.transaction() as session:
        for ask in (access.lock, access.disconnect, access.forget_key, access.read_endpoint_id, health.read_health,
                    health.is_up_to_date):  # fmt: skip
            with pytest.raises(NotFound):
                ask(session, "con_none")


def test_a_secret_is_sealed_for_one_endpoint_of_one_connection() -> None:
    assert (
        len({access.secret_context(*whose) for whose in (("con_1", "we_1"), ("con_1", "we_2"), ("con_2", "we_1"))}) == 3
    )
