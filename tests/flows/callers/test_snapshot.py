"""What a key stands for, until something changes."""

from dataclasses import replace

import pytest

from app import db
from app.domain.errors import NotFound, UnknownKey
from app.domain.money import Environment
from app.domain.paywalls import keys
from app.domain.playground.playground import set_playground
from app.flows.callers.snapshot import find_outdated, read_open_playground, read_snapshot
from tests.support import books
from tests.support.books import PRICE, make_paywall, make_snapshot
from tests.support.playing import open_playground


def test_a_key_stands_for_its_paywall(database: str) -> None:
    snapshot = make_snapshot()
    assert (snapshot.configuration.app_name, set(snapshot.offers), snapshot.unit) == ("Lexica", {"demo-mini"}, "USD")
    assert snapshot.wallet("ada").paywall_id == snapshot.paywall_id
    assert {epoch.subject.split(":")[0] for epoch in snapshot.epochs} == {"key", "paywall"}


def test_unknown_and_revoked_keys_stand_for_nothing(database: str) -> None:
    key = keys.new_key(Environment.SANDBOX)
    with db.transaction() as session:
        with pytest.raises(UnknownKey, match="not known"):
            read_snapshot(session, key)
        paywall_id = make_paywall(session, {})
        view = keys.add_key(session, paywall_id, key)
        assert read_snapshot(session, key).key_id == view.id
        keys.revoke_key(session, paywall_id, view.id)
        with pytest.raises(UnknownKey, match="revoked"):
            read_snapshot(session, key)


@pytest.mark.unhurried
def test_what_rests_on_something_that_changed_is_outdated(database: str) -> None:
    one, two, other = make_snapshot(), make_snapshot(), make_snapshot()
    with db.transaction() as session:
        assert find_outdated(session, [one, two, other]) == find_outdated(session, []) == []
        books.retire(session, one.paywall_id, PRICE.model)
        keys.revoke_key(session, two.paywall_id, two.key_id)
        assert find_outdated(session, [one, other, two]) == [one, two]


@pytest.mark.parametrize("change", ["publish", "price", "retire"])
def test_what_is_read_anew_after_a_change_is_current(database: str, change: str) -> None:
    key = keys.new_key(Environment.SANDBOX)
    with db.transaction() as session:
        paywall_id = make_paywall(session, {"demo-mini": PRICE})
        keys.add_key(session, paywall_id, key)
        old = read_snapshot(session, key)
        if change == "publish":
            books.publish(session, paywall_id, replace(old.configuration, app_name="Other"))
        elif change == "price":
            books.set_price(session, paywall_id, replace(PRICE, output_nanos=7))
        else:
            books.retire(session, paywall_id, PRICE.model)
        new = read_snapshot(session, key)
        assert find_outdated(session, [old, new]) == [old]
    assert new != old
    assert (new.configuration.app_name == "Other") is (change == "publish")
    assert (new.unpriced == {"demo-mini"}) is (change == "retire")


def test_the_same_price_again_outdates_nothing(database: str) -> None:
    snapshot = make_snapshot()
    with db.transaction() as session:
        books.set_price(session, snapshot.paywall_id, PRICE)
        assert find_outdated(session, [snapshot]) == []


def test_another_key_of_the_paywall_stands_after_one_is_revoked(database: str) -> None:
    one, two = (keys.new_key(Environment.SANDBOX) for _ in range(2))
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        revoked = keys.add_key(session, paywall_id, one)
        keys.add_key(session, paywall_id, two)
        snapshot = read_snapshot(session, two)
        keys.revoke_key(session, paywall_id, revoked.id)
        assert find_outdated(session, [snapshot]) == []
        assert read_snapshot(session, two) == snapshot


def test_an_unknown_key_is_not_said_again(database: str) -> None:
    key = keys.new_key(Environment.SANDBOX)
    with db.transaction(writes=False) as session, pytest.raises(UnknownKey) as refused:
        read_snapshot(session, key)
    assert key not in refused.value.message


def test_an_open_playground_stands_for_its_paywall_until_it_is_closed_or_bounded_anew(database: str) -> None:
    by_key = make_snapshot()
    slug = open_playground(by_key.paywall_id)
    with db.transaction() as session:
        seen = read_open_playground(session, slug, "https://pay.example/")
        assert (seen.offers, seen.version, seen.key_id) == (by_key.offers, by_key.version, "playground")
        assert (seen.requests_per_hour, by_key.requests_per_hour) == (200, None)
        ours = f"https://pay.example/playground/{slug}/"
        assert seen.configuration.may_return_to(ours) and not by_key.configuration.may_return_to(ours)
        set_playground(session, by_key.paywall_id, is_open=True, requests_per_hour=7)
        assert find_outdated(session, [by_key, seen]) == [seen]
        bounded = read_open_playground(session, slug, "")
        set_playground(session, by_key.paywall_id, is_open=False, requests_per_hour=7)
        assert (bounded.requests_per_hour, find_outdated(session, [bounded])) == (7, [bounded])
        for address in (slug, "", "\0"):
            with pytest.raises(NotFound, match="There is no playground at this address"):
                read_open_playground(session, address, "")
