"""An account has one key at most, which is stored nowhere."""

from sqlalchemy import select

from app import db
from app.domain.people.account_keys import (
    find_owner,
    is_account_key,
    make_account_key,
    read_account_key,
    revoke_account_key,
)
from app.domain.people.accounts import email_identity, enter
from app.domain.people.tables import AccountKey


def test_a_key_leads_to_its_account_until_it_is_made_anew_or_revoked(database: str) -> None:
    with db.transaction() as session:
        ada, _ = enter(session, (email_identity("ada@example.org"),))
        bob, _ = enter(session, (email_identity("bob@example.org"),))
        assert read_account_key(session, ada) is None
        first, theirs = make_account_key(session, ada), make_account_key(session, bob)
        assert is_account_key(first) and find_owner(session, first) == ada and find_owner(session, theirs) == bob
        second = make_account_key(session, ada)
        view = read_account_key(session, ada)
        assert find_owner(session, first) is None and find_owner(session, second) == ada
        assert view is not None and view.last_four == second[-4:]
        revoke_account_key(session, ada)
        revoke_account_key(session, ada)
        assert find_owner(session, second) is None and find_owner(session, theirs) == bob
        stored = [str(row.model_dump()) for row in session.scalars(select(AccountKey))]
    assert not any(key in row for key in (first, second, theirs) for row in stored)
