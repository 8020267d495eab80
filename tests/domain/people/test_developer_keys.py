"""Developer's keys: ten of an account, hashed, revoked by their person alone."""

import pytest

from app import db
from app.domain.errors import BadField, NotFound, Refused
from app.domain.people.developer_keys import (
    KEYS_MAX,
    PREFIX,
    find_developer_key,
    is_developer_key,
    list_developer_keys,
    make_developer_key,
    revoke_developer_key,
)
from app.domain.people.tables import DeveloperKey
from app.sql.columns import table_of
from tests.support.managing import person


def test_a_key_works_until_it_is_revoked_and_only_its_hash_is_kept(database: str) -> None:
    ada, bob = person("ada@example.org"), person("bob@example.org")
    with db.transaction() as session:
        key = make_developer_key(session, ada.account_id, "CI", may_write=False)
        assert key.startswith(PREFIX) and is_developer_key(key) and not is_developer_key(key[:-1] + "!")
        found = find_developer_key(session, key)
        assert found is not None and (found.account_id, found.name, found.may_write) == (ada.account_id, "CI", False)
        assert key not in repr(session.execute(table_of(DeveloperKey).select()).all())
        with pytest.raises(NotFound):
            revoke_developer_key(session, bob.account_id, found.id)
        revoke_developer_key(session, ada.account_id, found.id)
        assert find_developer_key(session, key) is None and list_developer_keys(session, ada.account_id) == []
        with pytest.raises(NotFound):
            revoke_developer_key(session, ada.account_id, found.id)


def test_an_account_has_at_most_ten_and_each_has_a_name(database: str) -> None:
    ada = person("ada@example.org")
    with db.transaction() as session:
        for number in range(KEYS_MAX):
            make_developer_key(session, ada.account_id, f"k{number}", may_write=True)
        with pytest.raises(Refused, match="at most 10"):
            make_developer_key(session, ada.account_id, "one more", may_write=True)
        revoke_developer_key(session, ada.account_id, list_developer_keys(session, ada.account_id)[0].id)
        for bad in ("", "x" * 61, "a\nb"):
            with pytest.raises(BadField):
                make_developer_key(session, ada.account_id, bad, may_write=True)
        make_developer_key(session, ada.account_id, "again", may_write=True)
