"""What a charge of a shared wallet became: the ledger's parts, and the receipt's."""

from fractions import Fraction

from app import db
from app.domain.ledger.accounts import Kind
from app.domain.ledger.tables import LedgerAccount, LedgerDelta
from app.domain.money import NANOS, Environment
from app.domain.usage.requests import read_receipt
from app.domain.wallets.shared import shared_account
from app.flows.callers.snapshot import Snapshot
from app.sql.columns import table_of

WALLET = shared_account("acc_1", Environment.SANDBOX)


def balance_of(kind: Kind, owner: str) -> int:
    """Returns what an account beside the wallet has, what is not folded yet included."""
    accounts, deltas = table_of(LedgerAccount), table_of(LedgerDelta)
    account_id = WALLET.beside(kind, owner).id
    with db.transaction(writes=False) as session:
        stored = session.execute(accounts.select().where(accounts.c.id == account_id)).first()
        added = session.execute(deltas.select().where(deltas.c.account_id == account_id)).all()
    return int(stored.posted if stored else 0) + sum(int(row.amount) for row in added)


def split_of(snapshot: Snapshot, request_id: str = "req_1") -> dict[str, int]:
    """Returns the parts of a charge by its receipt, in nanos."""
    with db.transaction(writes=False) as session:
        receipt = read_receipt(session, snapshot.paywall_id, request_id)
    return {name: int(Fraction(part) * NANOS) for name, part in (receipt.split or {}).items()}
