"""Keys and versions that change while a server runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app import db, settings
from app.domain.money import Environment
from app.domain.paywalls import keys
from app.domain.pricing import price_book
from app.flows.paywalls.demo import PAYWALL_ID
from tests.support import books
from tests.support.server import Demo, running


@pytest.fixture
def own(data_dir: Path) -> Iterator[Demo]:
    """A server of this test alone, whose database this process writes too."""
    with running(data_dir) as started:
        settings.configure(data=data_dir)
        yield started
        assert started.audit() == "The books balance."


def test_a_revoked_key_is_refused_with_the_next_charged_request(own: Demo) -> None:
    user = own.new_user()
    with db.transaction() as session:
        other = keys.new_key(Environment.SANDBOX)
        key_id = keys.add_key(session, PAYWALL_ID, other).id
    own.key = other
    assert own.chat("demo-mini", user).status_code == 200
    with db.transaction() as session:
        keys.revoke_key(session, PAYWALL_ID, key_id)
    answer = own.chat("demo-mini", user)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")
    charge = own.post("/user/charge", {"user": user, "amount": "1"})
    assert charge.status_code == 401


@pytest.mark.unhurried
def test_a_new_price_counts_from_the_next_request_and_old_receipts_keep_theirs(own: Demo) -> None:
    user = own.new_user()
    before = own.receipt(own.chat("demo-mini", user).headers["x-request-id"])
    new = price_book.NewPrice("demo-mini", 1_000_000_000, 2_000_000_000)
    with db.transaction() as session:
        assert books.set_price(session, PAYWALL_ID, new) == before["price_version"] + 1
    after = own.receipt(own.chat("demo-mini", user).headers["x-request-id"])
    assert after["price_version"] == before["price_version"] + 1
    assert [line["price_per_million"] for line in after["lines"]] == ["1", "2"]
    assert own.receipt(before["id"]) == before


@pytest.mark.unhurried
def test_a_model_without_a_price_is_refused_never_free(own: Demo) -> None:
    user = own.new_user()
    assert own.chat("demo-large", user).status_code == 200
    with db.transaction() as session:
        books.retire(session, PAYWALL_ID, "demo-large")
    answer = own.chat("demo-large", user)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_priced")
