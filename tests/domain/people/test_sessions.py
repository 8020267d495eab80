"""Sessions end when they are told to, everywhere, and their cookies are stored nowhere."""

import pytest
from sqlalchemy import select

from app import db
from app.domain import clock
from app.domain.authorizations.authorizations import revoke_by_account
from app.domain.errors import NotFound
from app.domain.people.accounts import email_identity, enter, remove_identity
from app.domain.people.sessions import (
    SEEN_SECONDS,
    SESSION_SECONDS,
    find_person,
    list_sessions,
    note_seen,
    open_session,
    revoke_all,
    revoke_session,
)
from app.domain.people.tables import SignInSession
from app.domain.topups import topups
from app.domain.usage.requests import read_receipt


def sign_in(email: str = "ada@example.org") -> str:
    with db.transaction() as session:
        account_id, _ = enter(session, (email_identity(email),))
        return open_session(session, account_id, "email", email, "Firefox" * 100, "10.0.0.1")


def test_a_session_says_who_is_there_and_keeps_no_cookie(database: str) -> None:
    token = sign_in()
    with db.transaction() as session:
        person = find_person(session, token)
        stored = session.scalars(select(SignInSession)).one()
        assert find_person(session, token + "x") is None and find_person(session, "") is None
    assert person is not None and (person.email, person.proven_email) == ("ada@example.org", "ada@example.org")
    assert token not in str(stored.model_dump()) and len(stored.browser) == 200


def test_a_session_gets_too_old(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    token, now = sign_in(), clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + SESSION_SECONDS * clock.SECOND + 1)
    with db.transaction() as session:
        assert find_person(session, token) is None


def test_a_revoked_session_is_over_and_the_others_are_not(database: str) -> None:
    first, second, others = sign_in(), sign_in(), sign_in("bob@example.org")
    with db.transaction() as session:
        ada, bob = find_person(session, first), find_person(session, others)
        assert ada is not None and bob is not None and first != second
        with pytest.raises(NotFound):
            revoke_session(session, bob.account_id, ada.session_id)
        revoke_session(session, ada.account_id, ada.session_id)
        revoke_session(session, ada.account_id, ada.session_id)
        assert find_person(session, first) is None and find_person(session, second) is not None
        assert len(list_sessions(session, ada.account_id)) == 1
        revoke_all(session, ada.account_id)
        assert find_person(session, second) is None and find_person(session, others) is not None
        assert list_sessions(session, ada.account_id) == []


def test_use_is_noted_once_in_a_while(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    token = sign_in()
    with db.transaction() as session:
        person = find_person(session, token)
        assert person is not None
        opened = list_sessions(session, person.account_id)[0].seen_at
        note_seen(session, person.session_id)
        assert list_sessions(session, person.account_id)[0].seen_at == opened
        now = clock.now() + (SEEN_SECONDS + 1) * clock.SECOND
        monkeypatch.setattr(clock, "now", lambda: now)
        note_seen(session, person.session_id)
        assert list_sessions(session, person.account_id)[0].seen_at == now


@pytest.mark.parametrize("id_", ["\x00", "\ud800", "ses_é", ""])
def test_ids_that_none_can_be_find_nothing_on_either_database(database: str, id_: str) -> None:
    """Pages and routes hand on what anybody wrote."""
    with db.transaction() as session:
        account_id, _ = enter(session, (email_identity("ada@example.org"),))
        for look in (
            lambda: revoke_session(session, account_id, id_),
            lambda: remove_identity(session, account_id, id_),
            lambda: revoke_by_account(session, account_id, id_),
            lambda: topups.read(session, id_),
            lambda: read_receipt(session, "pw_1", id_),
        ):
            with pytest.raises(NotFound):
                look()
        assert find_person(session, id_) is None
