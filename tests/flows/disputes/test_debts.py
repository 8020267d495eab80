"""An operator thaws what was frozen, and nothing that still owes money."""

import pytest
from structlog.testing import capture_logs

from app import db
from app.domain.errors import NotFound, Refused
from app.domain.ledger.accounts import Kind
from app.domain.ledger.apply import apply, apply_one
from app.domain.ledger.operations import Post, Transfer
from app.domain.money import NANOS
from app.domain.paywalls.changes import read_changes
from app.domain.wallets.freezes import freeze, list_freezes
from app.domain.wallets.tables import FreezeReason
from app.domain.wallets.wallets import open_wallet, read_barred
from app.flows.callers.snapshot import Snapshot
from app.flows.disputes.debts import thaw_wallet
from tests.support.books import assert_books_balance, make_snapshot


def frozen(snapshot: Snapshot, owed_nanos: int = 0) -> str:
    """Freezes a wallet that owes so much, and returns its id."""
    wallet = snapshot.wallet("ada")
    with db.transaction() as session:
        open_wallet(session, wallet)
        apply(session, freeze(session, wallet.id, FreezeReason.DISPUTE, "dp_1"))
        if owed_nanos:
            taken = Transfer(wallet.account, wallet.account.beside(Kind.WORLD, "x"), owed_nanos, "chargeback")
            apply_one(session, Post("x:1", (taken,), is_chargeback=True))
    return wallet.id


async def test_thawing_takes_every_reason_away_and_is_logged(database: str) -> None:
    snapshot = make_snapshot()
    wallet_id = frozen(snapshot)
    with capture_logs():
        thawed = await thaw_wallet(wallet_id)
    assert thawed.reasons == ("dispute (dp_1)",)
    with db.transaction(writes=False) as session:
        assert list_freezes(session, wallet_id) == []
        assert read_barred(session, snapshot.paywall_id) == (frozenset(), frozenset())
        assert read_changes(session, snapshot.paywall_id, 1)[0].what == {"user": "ada", "frozen": False}
    assert_books_balance()


async def test_a_wallet_that_owes_stays_frozen(database: str) -> None:
    wallet_id = frozen(make_snapshot(), 3 * NANOS)
    with pytest.raises(Refused, match=r"owes \$3\.00"):
        await thaw_wallet(wallet_id)
    with pytest.raises(NotFound):
        await thaw_wallet("wal_none")
    with db.transaction(writes=False) as session:
        assert list_freezes(session, wallet_id)
