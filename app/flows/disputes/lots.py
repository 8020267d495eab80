"""The lots of a shared wallet are caught up with what it spent, step by step, before anything is decided on them."""

from sqlalchemy.orm import Session

from app import db
from app.domain.wallets import lots
from app.domain.wallets.freezes import find_wallet


async def catch_up(wallet_id: str) -> None:
    """Brings a shared wallet's lots near to now; an app's own wallet has none. Raises NotFound."""

    def step(session: Session) -> bool:
        wallet = find_wallet(session, wallet_id)
        return wallet.paywall_id is None and lots.catch_up(session, wallet.account)

    while await db.in_transaction(step, writes=True):
        pass
