"""Keys are recognised, never stored, and revoked for good."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app import db
from app.domain.errors import BadField, NotFound, Refused
from app.domain.ids import BASE62
from app.domain.key_text import hash_key
from app.domain.money import Environment
from app.domain.paywalls.keys import (
    KEYS_MAX,
    add_key,
    check_key,
    derive_key,
    epoch_subject,
    has_working_key,
    is_well_formed,
    list_keys,
    name_keys,
    new_key,
    read_endings,
    revoke_key,
)
from app.domain.paywalls.tables import PaywallKey
from app.flows.callers.snapshot import read_epochs
from tests.support.books import make_paywall


@pytest.mark.parametrize("environment", list(Environment))
def test_new_keys_are_well_formed_and_all_different(environment: Environment) -> None:
    made = {new_key(environment) for _ in range(200)}
    assert len(made) == 200 and all(is_well_formed(key) for key in made)
    prefix = "sk-coinslot-test-" if environment is Environment.SANDBOX else "sk-coinslot-"
    assert all(re.fullmatch(prefix + "[0-9A-Za-z]{49}", key) for key in made)


@given(st.binary(min_size=32, max_size=32), st.sampled_from(Environment), st.data())
def test_a_key_with_one_wrong_letter_is_none(random: bytes, environment: Environment, data: st.DataObject) -> None:
    key = new_key(environment, random)
    place, letter = data.draw(st.integers(0, len(key) - 1)), data.draw(st.sampled_from(BASE62))
    changed = key[:place] + letter + key[place + 1 :]
    assert is_well_formed(changed) == (changed == key)


@given(st.binary(min_size=32, max_size=32), st.sampled_from(Environment), st.text(min_size=1, max_size=3))
def test_a_key_that_was_cut_or_added_to_is_none(random: bytes, environment: Environment, more: str) -> None:
    key = new_key(environment, random)
    assert is_well_formed(key)
    for changed in (key + more, more + key, key[: -len(more)], key[len(more) :], key.upper(), key + "\n"):
        assert not is_well_formed(changed)


def test_a_test_key_is_not_the_live_key_of_the_same_bytes() -> None:
    test, live = (new_key(environment, b"1" * 32) for environment in (Environment.SANDBOX, Environment.LIVE))
    assert test == live.replace("sk-coinslot-", "sk-coinslot-test-") and hash_key(test) != hash_key(live)


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
    assert key not in str(stored.model_dump()) and stored.hash == hash_key(key)
    assert (view.last_four, view.revoked_at, len(stored.hash)) == (key[-4:], None, 64)
    assert not any(key[at : at + 5] in str(stored.model_dump()) for at in range(len("sk-coinslot-test-"), len(key) - 4))


def test_the_same_key_has_the_same_hash_and_another_has_another() -> None:
    one, other = new_key(Environment.LIVE, b"1" * 32), new_key(Environment.LIVE, b"2" * 32)
    assert hash_key(one) == hash_key(new_key(Environment.LIVE, b"1" * 32)) != hash_key(other)


@pytest.mark.unhurried
def test_a_paywall_has_five_keys_at_most_and_revoking_makes_room(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        made = [new_key(Environment.SANDBOX) for _ in range(KEYS_MAX)]
        views = [add_key(session, paywall_id, key) for key in made]
        assert add_key(session, paywall_id, made[0]).id == views[0].id
        with pytest.raises(Refused, match="5 keys"):
            add_key(session, paywall_id, new_key(Environment.SANDBOX))
        for _ in range(2):
            revoke_key(session, paywall_id, views[0].id)
        assert read_epochs(session, (epoch_subject(views[0].id),)) == {epoch_subject(views[0].id): 1}
        assert add_key(session, paywall_id, new_key(Environment.SANDBOX)).revoked_at is None
        assert add_key(session, make_paywall(session, {}), new_key(Environment.SANDBOX)).revoked_at is None


def test_a_revoked_key_that_is_added_again_stays_revoked(database: str) -> None:
    key = new_key(Environment.SANDBOX)
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        view = add_key(session, paywall_id, key)
        revoke_key(session, paywall_id, view.id)
        again = add_key(session, paywall_id, key)
    assert again.id == view.id and again.revoked_at is not None


def test_another_paywalls_key_cannot_be_revoked(database: str) -> None:
    with db.transaction() as session:
        mine, theirs = make_paywall(session, {}), make_paywall(session, {})
        view = add_key(session, theirs, new_key(Environment.SANDBOX))
        with pytest.raises(NotFound):
            revoke_key(session, mine, view.id)
        with pytest.raises(NotFound):
            revoke_key(session, theirs, "key_none")
        assert read_epochs(session, (epoch_subject(view.id),)).get(epoch_subject(view.id), 0) == 0
        stored = session.get(PaywallKey, view.id)
        assert stored is not None and stored.revoked_at is None


def test_of_two_keys_that_are_added_at_the_same_time_one_is_the_fifth(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        for _ in range(KEYS_MAX - 1):
            add_key(session, paywall_id, new_key(Environment.SANDBOX))

    def add_another() -> None:
        with db.transaction() as session:
            add_key(session, paywall_id, new_key(Environment.SANDBOX))

    with ThreadPoolExecutor(1) as pool:
        with db.transaction() as session:
            add_key(session, paywall_id, new_key(Environment.SANDBOX))
            other = pool.submit(add_another)
            time.sleep(0.1)  # it looks at how many there are, or waits for us
        with pytest.raises(Refused, match="5 keys"):
            other.result()


def test_keys_that_work_are_known_by_their_last_four(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        first, second = (new_key(Environment.SANDBOX) for _ in range(2))
        kept, gone = add_key(session, paywall_id, first), add_key(session, paywall_id, second)
        revoke_key(session, paywall_id, gone.id)
        assert read_endings(session, paywall_id) == {kept.id: first[-4:]}
        check_key(session, paywall_id, gone.id)
        with pytest.raises(NotFound):
            check_key(session, make_paywall(session, {}), kept.id)


def test_keys_are_listed_with_their_names_those_that_work_first(database: str) -> None:
    with db.transaction() as session:
        paywall_id, other = make_paywall(session, {}), make_paywall(session, {})
        first = add_key(session, paywall_id, new_key(Environment.SANDBOX), " Production ")
        second = add_key(session, paywall_id, new_key(Environment.SANDBOX))
        add_key(session, other, new_key(Environment.SANDBOX))
        revoke_key(session, paywall_id, second.id)
        assert has_working_key(session, paywall_id)
        found = list_keys(session, paywall_id)
        called = name_keys(session, [first.id, second.id, "key_none"])
        revoke_key(session, paywall_id, first.id)
        assert not has_working_key(session, paywall_id)
    assert called == {first.id: "Production", second.id: f"Key …{second.last_four}"}
    assert [(key.id, key.name, key.revoked_at is None) for key in found] == [
        (first.id, "Production", True), (second.id, "", False),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["x" * 41, "two\nlines", "nul\0"])
def test_a_name_that_is_no_line_is_refused(database: str, name: str) -> None:
    with db.transaction() as session, pytest.raises(BadField):
        add_key(session, make_paywall(session, {}), new_key(Environment.SANDBOX), name)
