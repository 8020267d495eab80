"""A wallet is frozen as long as it has a reason; the epoch of its charges goes up whenever that changes."""

import pytest

from app import db
from app.domain.errors import NotFound
from app.domain.ledger.apply import apply
from app.domain.money import Environment
from app.domain.people.accounts import email_identity, enter
from app.domain.wallets import shared
from app.domain.wallets.freezes import find_wallet, freeze, list_freezes, thaw
from app.domain.wallets.shared import open_shared_wallet, shared_wallet_id
from app.domain.wallets.tables import FreezeReason
from app.domain.wallets.wallets import open_wallet, read_barred
from app.flows.callers.snapshot import read_epochs
from tests.support.books import assert_books_balance, make_snapshot

LIVE, SANDBOX = Environment.LIVE, Environment.SANDBOX
OPERATOR, DISPUTE, WARNING = FreezeReason


def open_for(email: str) -> str:
    with db.transaction() as session:
        person, _ = enter(session, (email_identity(email),))
        for environment in (LIVE, SANDBOX):
            open_shared_wallet(session, person, environment)
        return shared_wallet_id(person, LIVE)


def test_what_one_reason_froze_another_does_not_thaw(database: str) -> None:
    wallet_id = open_for("ada@example.org")
    with db.transaction() as session:
        assert apply(session, freeze(session, wallet_id, DISPUTE, "dp_1"))
        assert freeze(session, wallet_id, DISPUTE, "dp_1") == []
        assert freeze(session, wallet_id, DISPUTE, "dp_2") == []
        assert freeze(session, wallet_id, OPERATOR) == []
        assert thaw(session, wallet_id, DISPUTE, "dp_1") == []
        assert thaw(session, wallet_id, OPERATOR) == []
        assert list_freezes(session, wallet_id) == [(DISPUTE, "dp_2")]
        assert shared.is_frozen(session, wallet_id)
        assert apply(session, thaw(session, wallet_id, DISPUTE, "dp_2"))
        assert not shared.is_frozen(session, wallet_id)
        assert thaw(session, wallet_id) == []
        epoch = shared.epoch_subject(wallet_id)
        assert read_epochs(session, (epoch,)) == {epoch: 2}
    assert_books_balance()


def test_freezing_is_for_one_environment(database: str) -> None:
    wallet_id = open_for("ada@example.org")
    with db.transaction() as session:
        person = find_wallet(session, wallet_id).person_id
        assert person is not None
        apply(session, freeze(session, wallet_id, WARNING, "issfr_1"))
        assert shared.is_frozen(session, wallet_id)
        assert not shared.is_frozen(session, shared_wallet_id(person, SANDBOX))


def test_an_apps_wallet_is_frozen_in_its_paywall(database: str) -> None:
    snapshot = make_snapshot()
    with db.transaction() as session:
        wallet = snapshot.wallet("ada")
        open_wallet(session, wallet)
        assert find_wallet(session, wallet.id).paywall_id == snapshot.paywall_id
        apply(session, freeze(session, wallet.id, DISPUTE, "dp_1"))
        assert read_barred(session, snapshot.paywall_id) == (frozenset(), {"ada"})
        apply(session, thaw(session, wallet.id))
        assert read_barred(session, snapshot.paywall_id) == (frozenset(), frozenset())


def test_a_wallet_that_there_is_not_is_named(database: str) -> None:
    with db.transaction() as session:
        with pytest.raises(NotFound, match="wal_none"):
            freeze(session, "wal_none", DISPUTE)
        with pytest.raises(NotFound, match="wal_none"):
            thaw(session, "wal_none")
        with pytest.raises(NotFound, match="wal_none"):
            find_wallet(session, "wal_none")
