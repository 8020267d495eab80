"""When users asked last, read from a bounded part of a paywall's requests."""

import pytest

from app import db
from app.domain import rows
from app.domain.ids import new_id
from app.domain.ledger.operations import Applied
from app.domain.money import Environment, Unit
from app.domain.usage import last_use, requests
from app.domain.usage.last_use import read_last_use
from app.domain.usage.requests import Asked
from app.domain.usage.tables import RequestKind
from app.domain.wallets.wallets import app_wallet
from tests.support.books import make_paywall


def ask(session: db.Session, paywall_id: str, user: str) -> int:
    """Begins a request, and returns when."""
    wallet = app_wallet(paywall_id, user, Environment.SANDBOX, Unit.USD)
    asked = Asked(new_id("req"), None, wallet, RequestKind.CHAT, "m", "demo", False, Unit.USD, None)
    row = requests.begin(asked, Applied())
    rows.write(session, [row])
    return int(row.values["created_at"])


def test_the_newest_request_of_each_user_counts_and_no_other_paywalls(database: str) -> None:
    with db.transaction() as session:
        paywall_id, other = make_paywall(session, {}), make_paywall(session, {})
        # Ids that were made in one millisecond are in no order: either of these may count as the newest.
        of_ada = {ask(session, paywall_id, "ada") for _ in range(2)}
        bob = ask(session, paywall_id, "bob")
        ask(session, other, "eve")
        found = read_last_use(session, paywall_id, ["ada", "bob", "eve"])
        assert found["bob"] == bob and found["ada"] in of_ada and "eve" not in found
        assert read_last_use(session, paywall_id, []) == {}


def test_what_is_older_than_the_newest_requests_is_not_looked_for(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(last_use, "LOOKED_MAX", 1)
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        ask(session, paywall_id, "ada")
        # Ids that were made in one millisecond are in no order: the row alone says which of two is newer.
        newest = sorted(ask(session, paywall_id, name) for name in ("bob", "bob", "bob"))
        assert len(read_last_use(session, paywall_id, ["ada", "bob"])) == 1 and newest
