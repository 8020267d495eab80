"""The lots of a shared wallet are caught up with what it spent, step by step, before anything is decided on them."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import db
from app.domain.ledger.accounts import Account
from app.domain.ledger.tables import LedgerTransfer
from app.domain.wallets import lots
from app.domain.wallets.freezes import find_wallet
from app.domain.wallets.tables import WalletLots
from app.sql.columns import table_of


def has_moved(session: Session, account: Account) -> bool:
    """Tells whether a shared wallet has moved since its lots were brought up."""
    books = session.get(WalletLots, account.owner)
    transfers, seen = table_of(LedgerTransfer), 0 if books is None else books.transfer_id
    sides = (transfers.c.debit_account_id, transfers.c.credit_account_id)
    newest = (session.scalar(select(func.max(transfers.c.id)).where(side == account.id)) or 0 for side in sides)
    return max(newest) > seen


async def catch_up(wallet_id: str) -> None:
    """Brings a shared wallet's lots near to now; an app's own wallet has none. Raises NotFound."""

    def step(session: Session) -> bool:
        wallet = find_wallet(session, wallet_id)
        return wallet.paywall_id is None and lots.catch_up(session, wallet.account)

    while await db.in_transaction(step, writes=True):
        pass
