"""Folds deltas into the accounts that every request touches, and reads a balance with what is not folded yet."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.ledger.accounts import Account
from app.domain.ledger.tables import LedgerAccount, LedgerDelta
from app.sql.columns import table_of
from app.sql.statements import Read, delete, update

ROWS_MAX = 10_000

_ACCOUNTS = table_of(LedgerAccount)
_DELTAS = table_of(LedgerDelta)

_LOCKED = Read("SELECT id, posted FROM ledger_account WHERE id IN ? ORDER BY id FOR NO KEY UPDATE")
_HELD = Read("SELECT posted, held FROM ledger_account WHERE id IN ? ORDER BY id FOR NO KEY UPDATE")
_SAVE = update(_ACCOUNTS, ("posted",))
_DROP = delete(_DELTAS)


def fold_deltas(session: Session) -> int:
    """Adds the oldest deltas to their accounts and deletes exactly those; returns how many, 0 when none are left.

    At most 10,000 a call. Others may fold and add at the same time.
    """
    connection = session.connection()
    oldest = select(_DELTAS.c.account_id).order_by(_DELTAS.c.id).limit(ROWS_MAX).subquery()
    accounts = set(connection.scalars(select(oldest.c.account_id).distinct()))
    posted = dict(_LOCKED.rows(connection, accounts))
    # Read again under the locks: what another fold has taken meanwhile is gone.
    of_these = _DELTAS.c.account_id.in_(posted)
    deltas = connection.execute(select(_DELTAS).where(of_these).order_by(_DELTAS.c.id).limit(ROWS_MAX)).all()
    for delta in deltas:
        posted[delta.account_id] += delta.amount
    touched = {delta.account_id for delta in deltas}
    _SAVE.run(connection, [(posted[account_id], account_id) for account_id in sorted(touched)])
    _DROP.run(connection, [(delta.id,) for delta in deltas])
    return len(deltas)


def read_balance(session: Session, account: Account) -> int:
    """Returns an account's balance, holds included: what is stored and the deltas that are not folded yet."""
    stored = select(_ACCOUNTS.c.posted).where(_ACCOUNTS.c.id == account.id)
    deltas = select(func.coalesce(func.sum(_DELTAS.c.amount), 0)).where(_DELTAS.c.account_id == account.id)
    return int(session.scalar(stored) or 0) + int(session.scalar(deltas) or 0)


def lock_balance(session: Session, account: Account) -> tuple[int, int]:
    """Returns what an account has and holds, of a kind that is locked; none moves its money until the transaction ends.

    For who decides on one wallet's balance what to post on that wallet. The call of the ledger that follows locks its
    accounts in order, and this one before its turn; nobody waits for us with what we then wait for, because no two
    wallets are ever locked by those who lock so, and a batch of requests locks wallets alone.
    """
    rows = _HELD.rows(session.connection(), [account.id])
    return (rows[0][0], rows[0][1]) if rows else (0, 0)
