"""An account has one key at most, which is stored nowhere."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import db
from app.domain.ledger.operations import Epoch
from app.domain.money import Environment
from app.domain.people.account_keys import (
    epoch_subject,
    find_owner,
    is_account_key,
    keep_account_key,
    make_account_key,
    read_account_key,
    revoke_account_key,
)
from app.domain.people.accounts import email_identity, enter
from app.domain.people.tables import AccountKey
from app.flows.callers.snapshot import read_epochs


def owner(session: Session, key: str) -> str | None:
    found = find_owner(session, key)
    return None if found is None else found.account_id


def test_the_demos_key_is_the_same_until_it_is_revoked_and_says_its_environment(database: str) -> None:
    with db.transaction() as session:
        ada, _ = enter(session, (email_identity("ada@example.org"),))
        first, again = (keep_account_key(session, ada, Environment.LIVE, b"secret") for _ in range(2))
        found = find_owner(session, first)
        assert first == again and found is not None and found.environment is Environment.LIVE
        epoch = Epoch(epoch_subject(found.id), 0)
        assert read_epochs(session, (epoch.subject,)) == {}
        revoke_account_key(session, ada)
        assert read_epochs(session, (epoch.subject,)) == {epoch.subject: 1}
        assert keep_account_key(session, ada, Environment.LIVE, b"secret") != first


def test_a_key_leads_to_its_account_until_it_is_made_anew_or_revoked(database: str) -> None:
    with db.transaction() as session:
        ada, _ = enter(session, (email_identity("ada@example.org"),))
        bob, _ = enter(session, (email_identity("bob@example.org"),))
        assert read_account_key(session, ada) is None
        first, theirs = make_account_key(session, ada), make_account_key(session, bob)
        assert is_account_key(first) and owner(session, first) == ada and owner(session, theirs) == bob
        second = make_account_key(session, ada)
        view = read_account_key(session, ada)
        assert owner(session, first) is None and owner(session, second) == ada
        assert view is not None and view.last_four == second[-4:]
        revoke_account_key(session, ada)
        revoke_account_key(session, ada)
        assert owner(session, second) is None and owner(session, theirs) == bob
        stored = [str(row.model_dump()) for row in session.scalars(select(AccountKey))]
    assert not any(key in row for key in (first, second, theirs) for row in stored)
