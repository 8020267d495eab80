"""What a key stands for, until something changes."""

import pytest

from app import db
from app.domain.errors import UnknownKey
from app.domain.money import Environment
from app.domain.paywalls import keys
from app.domain.pricing import price_book
from app.flows.snapshot import find_outdated, read_snapshot
from tests.flows.books import PRICE, make_paywall, make_snapshot


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


def test_what_rests_on_something_that_changed_is_outdated(database: str) -> None:
    one, two = make_snapshot(), make_snapshot()
    with db.transaction() as session:
        assert find_outdated(session, [one, two]) == []
        price_book.retire(session, one.paywall_id, PRICE.model)
        keys.revoke_key(session, two.paywall_id, two.key_id)
        assert find_outdated(session, [one, two]) == [one, two]
