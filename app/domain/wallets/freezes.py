"""Freezes: why a wallet may not be charged. A wallet is frozen while it has one, whoever else thawed it.

`frozen_at` of the wallet's row follows in the same transaction, and so does the epoch that every charge rests on; its
bump is returned, for the caller to apply with whatever else the ledger is asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, select, text
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import NotFound
from app.domain.ids import as_id
from app.domain.ledger.accounts import Account, parse
from app.domain.ledger.operations import BumpEpoch
from app.domain.paywalls import configuration
from app.domain.wallets import shared
from app.domain.wallets.tables import FreezeReason, SharedWallet, Wallet, WalletFreeze
from app.sql.columns import table_of

BY_HAND = "by hand"
"""The source of a freeze that no event made."""

_FREEZES = table_of(WalletFreeze)
_ADD = text(
    "INSERT INTO wallet_freeze (wallet_id, reason, source, created_at) VALUES (:wallet, :reason, :source, :now)"
    " ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class WalletAt:
    """A wallet by its id: its ledger account, and the paywall that it is of, None for a person's shared one."""

    id: str
    account: Account
    paywall_id: str | None
    end_user_id: str | None = None
    person_id: str | None = None


def find_wallet(session: Session, wallet_id: str) -> WalletAt:
    """Returns the wallet of an id, an app's or a shared one. Raises NotFound."""
    own = session.get(Wallet, as_id(wallet_id))
    if own is not None:
        return WalletAt(own.id, parse(own.account_id), own.paywall_id, end_user_id=own.end_user_id)
    common = session.get(SharedWallet, as_id(wallet_id))
    if common is not None:
        return WalletAt(common.id, parse(common.account_id), None, person_id=common.person_id)
    raise NotFound(f"There is no wallet {wallet_id}.")


def freeze(session: Session, wallet_id: str, reason: FreezeReason, source: str = BY_HAND) -> list[BumpEpoch]:
    """Gives a wallet a reason to be frozen, once, and returns what the ledger is to be asked. Raises NotFound."""
    row = _lock(session, wallet_id)
    session.execute(_ADD, {"wallet": wallet_id, "reason": reason.value, "source": source, "now": clock.now()})
    if row.frozen_at is not None:
        return []
    row.frozen_at = clock.now()
    session.flush()
    return [BumpEpoch(_subject(row))]


def thaw(
    session: Session, wallet_id: str, reason: FreezeReason | None = None, source: str | None = None
) -> list[BumpEpoch]:
    """Takes away reasons of a wallet to be frozen: all, those of a kind, or the one of a source.

    It is thawed once it has none left. Returns what the ledger is to be asked. Raises NotFound.
    """
    row = _lock(session, wallet_id)
    gone: list[ColumnElement[bool]] = [_FREEZES.c.wallet_id == wallet_id]
    if reason is not None:
        gone.append(_FREEZES.c.reason == reason.value)
    if source is not None:
        gone.append(_FREEZES.c.source == source)
    session.execute(delete(_FREEZES).where(*gone))
    if row.frozen_at is None or list_freezes(session, wallet_id):
        return []
    row.frozen_at = None
    session.flush()
    return [BumpEpoch(_subject(row))]


def list_freezes(session: Session, wallet_id: str) -> Sequence[tuple[FreezeReason, str]]:
    """Returns why a wallet is frozen: each reason with its source, the oldest first."""
    found = select(_FREEZES.c.reason, _FREEZES.c.source).where(_FREEZES.c.wallet_id == wallet_id)
    return [(reason, source) for reason, source in session.execute(found.order_by(_FREEZES.c.created_at))]


def _lock(session: Session, wallet_id: str) -> Wallet | SharedWallet:
    """Returns a wallet's row as it is now; no other freezes or thaws it until the transaction ends."""
    found = find_wallet(session, wallet_id)
    options: Any = {"with_for_update": {"key_share": True}, "populate_existing": True}
    if found.paywall_id is None:
        return session.get_one(SharedWallet, found.id, **options)
    return session.get_one(Wallet, found.id, **options)


def _subject(row: Wallet | SharedWallet) -> str:
    """Returns the epoch that says whether the wallet may be charged: its paywall's, or a shared wallet's own."""
    if isinstance(row, Wallet):
        return configuration.epoch_subject(row.paywall_id)
    return shared.epoch_subject(row.id)
