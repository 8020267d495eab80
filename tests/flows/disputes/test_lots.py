"""Lots are caught up step by step, for shared wallets alone."""

import pytest

from app import db
from app.domain.errors import NotFound
from app.domain.ledger.accounts import Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Post, Transfer
from app.domain.wallets import lots
from app.domain.wallets.tables import WalletLots
from app.domain.wallets.wallets import open_wallet
from app.flows.disputes.lots import catch_up
from tests.support.books import make_snapshot
from tests.support.taking_back import someone


async def test_a_long_history_takes_several_steps(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lots, "TRANSFERS_MAX", 2)
    _, account = someone()
    for number in range(7):
        with db.transaction() as session:
            paid = Transfer(account.beside(Kind.WORLD, "x"), account, 100, "topup")
            apply_one(session, Post(f"topup:{number}", (paid,)))
    await catch_up(account.owner)
    with db.transaction(writes=False) as session:
        assert len(lots.read_purse(session, account.owner).lots) == 7


async def test_an_apps_own_wallet_has_none(database: str) -> None:
    wallet = make_snapshot().wallet("ada")
    with db.transaction() as session:
        open_wallet(session, wallet)
    await catch_up(wallet.id)
    with db.transaction(writes=False) as session:
        assert session.get(WalletLots, wallet.id) is None
    with pytest.raises(NotFound):
        await catch_up("wal_none")
