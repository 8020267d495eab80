"""What moved between wallets and other accounts, newest first, each side read through its own index."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, or_, select, union_all
from sqlalchemy.orm import Session

from app.domain.ledger.accounts import CHARGED, Account
from app.domain.ledger.tables import LedgerTransfer
from app.sql.columns import table_of

_TRANSFERS = table_of(LedgerTransfer)


@dataclass(frozen=True, slots=True)
class TransferFilter:
    """Transfers out of any of the accounts `out_of` into wallets, or from wallets into any of `into`.

    `wallets` leaves only those of these wallets; `since` (inclusive) and `until` (exclusive) are in microseconds.
    """

    out_of: tuple[Account, ...] = ()
    into: tuple[Account, ...] = ()
    wallets: tuple[Account, ...] | None = None
    type: str | None = None
    since: int | None = None
    until: int | None = None


def list_transfers(session: Session, wanted: TransferFilter, before: int | None, limit: int) -> Sequence[Row[Any]]:
    """Returns up to `limit` transfers with ids below `before`, the newest first."""
    return session.execute(page_statement(wanted, before, limit)).all()


def page_statement(wanted: TransferFilter, before: int | None, limit: int) -> Select[Any]:
    """Returns the query of one page: of each account and side no more is read than the page can hold."""
    debit, credit = _TRANSFERS.c.debit_account_id, _TRANSFERS.c.credit_account_id
    sides = []
    for column, other, accounts in ((debit, credit, wanted.out_of), (credit, debit, wanted.into)):
        for account in accounts:
            purses = [account.beside(kind, "").id for kind in sorted(CHARGED)]
            found = select(_TRANSFERS).where(
                column == account.id, or_(*(other.startswith(purse, autoescape=True) for purse in purses))
            )
            if wanted.wallets is not None:
                found = found.where(other.in_([wallet.id for wallet in wanted.wallets]))
            if wanted.type is not None:
                found = found.where(_TRANSFERS.c.type == wanted.type)
            if wanted.since is not None:
                found = found.where(_TRANSFERS.c.created_at >= wanted.since)
            if wanted.until is not None:
                found = found.where(_TRANSFERS.c.created_at < wanted.until)
            if before is not None:
                found = found.where(_TRANSFERS.c.id < before)
            newest = found.order_by(_TRANSFERS.c.id.desc()).limit(limit).subquery()
            sides.append(select(newest))
    union = union_all(*sides).subquery()
    return select(union).order_by(union.c.id.desc()).limit(limit)


def list_of_account(session: Session, account: Account, before: int | None, limit: int) -> Sequence[Row[Any]]:
    """Returns up to `limit` transfers of an account on either side with ids below `before`, the newest first."""
    sides = []
    for column in (_TRANSFERS.c.debit_account_id, _TRANSFERS.c.credit_account_id):
        found = select(_TRANSFERS).where(column == account.id)
        if before is not None:
            found = found.where(_TRANSFERS.c.id < before)
        sides.append(select(found.order_by(_TRANSFERS.c.id.desc()).limit(limit).subquery()))
    union = union_all(*sides).subquery()
    return session.execute(select(union).order_by(union.c.id.desc()).limit(limit)).all()
