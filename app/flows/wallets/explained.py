"""A wallet explained: what it has and holds, why it is frozen, and what moved it last, as the ledger says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from app.domain.ledger import history
from app.domain.ledger.accounts import Account, parse
from app.domain.ledger.tables import HoldStatus, LedgerAccount, LedgerHold
from app.domain.wallets.freezes import find_wallet
from app.domain.wallets.tables import WalletFreeze
from app.sql.columns import table_of


@dataclass(frozen=True, slots=True)
class Moved:
    """A transfer as it looks from the wallet: `nanos` is above zero for what came; `other` is where it went, or came
    from."""

    id: int
    posting: str
    type: str
    nanos: int
    other: Account
    at: int


@dataclass(frozen=True, slots=True)
class Frozen:
    """Why a wallet is frozen, by whose doing, and since when."""

    reason: str
    source: str
    since: int


@dataclass(frozen=True, slots=True)
class Explained:
    """All that there is to say of a wallet. `holds` are open; `is_shared` tells that it is a person's."""

    id: str
    account: Account
    posted_nanos: int
    held_nanos: int
    trial_nanos: int
    holds: int
    is_shared: bool
    freezes: Sequence[Frozen]
    moved: Sequence[Moved]


def explain(session: Session, wallet_id: str, limit: int) -> Explained:
    """Returns what a wallet has and why, with its newest transfers. Raises NotFound."""
    wallet = find_wallet(session, wallet_id)
    accounts, holds, frozen = table_of(LedgerAccount), table_of(LedgerHold), table_of(WalletFreeze)
    purses = (wallet.account.id, wallet.account.promo.id)
    rows = {row.id: row for row in session.execute(select(accounts).where(accounts.c.id.in_(purses)))}
    posted, trial = (rows[id_].posted if id_ in rows else 0 for id_ in purses)
    held = sum(row.held for row in rows.values())
    count = select(func.count()).where(holds.c.status == HoldStatus.OPEN.value, holds.c.account_id == wallet.account.id)
    reasons = select(frozen).where(frozen.c.wallet_id == wallet.id).order_by(frozen.c.created_at)
    moved = [
        _moved(row, account)
        for account in (wallet.account, wallet.account.promo)
        for row in history.list_of_account(session, account, None, limit)
    ]
    return Explained(
        wallet.id, wallet.account, posted, held, trial, int(session.scalar(count) or 0) if held else 0,
        wallet.paywall_id is None,
        [Frozen(row.reason, row.source, row.created_at) for row in session.execute(reasons)],
        sorted(moved, key=lambda one: -one.id)[:limit],
    )  # fmt: skip


def _moved(row: Row[Any], account: Account) -> Moved:
    values = row._mapping
    comes = values["credit_account_id"] == account.id
    other = values["debit_account_id" if comes else "credit_account_id"]
    nanos = values["amount"] if comes else -values["amount"]
    return Moved(values["id"], values["posting_id"], values["type"], nanos, parse(other), values["created_at"])
