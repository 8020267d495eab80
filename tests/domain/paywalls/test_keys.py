"""Keys are recognised, never stored, and revoked for good."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app import db
from app.domain.errors import NotFound, Refused
from app.domain.ids import BASE62
from app.domain.money import Environment
from app.domain.paywalls import keys
from app.domain.paywalls.keys import KEYS_MAX, add_key, derive_key, epoch_subject, is_well_formed, new_key, revoke_key
from app.domain.paywalls.tables import PaywallKey
from app.flows.snapshot import read_epochs
from tests.flows.books import make_paywall


@pytest.mark.parametrize("environment", list(Environment))
def test_new_keys_are_well_formed_and_all_different(environment: Environment) -> None:
    made = {new_key(environment) for _ in range(200)}
    assert len(made) == 200 and all(is_well_formed(key) for key in made)
    prefix = "sk-coinslot-test-" if environment is Environment.SANDBOX else "sk-coinslot-"
    assert all(re.fullmatch(prefix + "[0-9A-Za-z]{49}", key) for key in made)


@given(st.integers(0, 65), st.sampled_from(BASE62))
def test_a_key_with_one_wrong_letter_is_none(place: int, letter: str) -> None:
    key = derive_key(Environment.SANDBOX, b"secret", "demo")
    changed = key[:place] + letter + key[place + 1 :]
    assert is_well_formed(changed) == (changed == key)


@given(st.text())
def test_other_text_is_no_key(text: str) -> None:
    assert not is_well_formed(text) and not is_well_formed(f"sk-coinslot-test-{text}")


def test_a_derived_key_is_the_same_at_each_start() -> None:
    assert derive_key(Environment.SANDBOX, b"s", "a") == derive_key(Environment.SANDBOX, b"s", "a")
    assert len({derive_key(Environment.SANDBOX, secret, name) for secret in (b"s", b"t") for name in ("a", "b")}) == 4


def test_only_a_hash_and_four_letters_are_stored(database: str) -> None:
    key = new_key(Environment.SANDBOX)
    with db.transaction() as session:
        view = add_key(session, make_paywall(session, {}), key)
        stored = session.scalars(select(PaywallKey)).one()
    assert key not in str(stored.model_dump()) and stored.hash == keys.hash_key(key)
    assert view.last_four == key[-4:]


def test_a_paywall_has_five_keys_at_most_and_revoking_makes_room(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        made = [new_key(Environment.SANDBOX) for _ in range(KEYS_MAX)]
        views = [add_key(session, paywall_id, key) for key in made]
        assert add_key(session, paywall_id, made[0]).id == views[0].id
        with pytest.raises(Refused, match="5 keys"):
            add_key(session, paywall_id, new_key(Environment.SANDBOX))
        revoke_key(session, paywall_id, views[0].id)
        revoke_key(session, paywall_id, views[0].id)
        assert read_epochs(session, (epoch_subject(views[0].id),)) == {epoch_subject(views[0].id): 1}
        add_key(session, paywall_id, new_key(Environment.SANDBOX))


def test_another_paywalls_key_cannot_be_revoked(database: str) -> None:
    with db.transaction() as session:
        mine, theirs = make_paywall(session, {}), make_paywall(session, {})
        view = add_key(session, theirs, new_key(Environment.SANDBOX))
        with pytest.raises(NotFound):
            revoke_key(session, mine, view.id)
