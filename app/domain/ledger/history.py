"""What moved between wallets and other accounts, newest first, each side read through its own index."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, or_, select, union_all
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.ledger.accounts import CHARGED, Account
from app.domain.ledger.tables import LedgerTransfer
from app.sql.columns import table_of

BESIDE = 60 * clock.SECOND
"""How far apart in time two may be posted whose ids stand the other way round."""

Counts = Callable[[ColumnElement[Any], ColumnElement[Any]], ColumnElement[bool]]
"""Says in SQL whether a transfer counts by the id of its request and the account on its other side."""

_TRANSFERS = table_of(LedgerTransfer)
_SIDES = (_TRANSFERS.c.debit_account_id, _TRANSFERS.c.credit_account_id)


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
    first, end = ids_within(session, wanted.since, wanted.until)
    ids = [one for one in (before, end) if one is not None]
    return session.execute(page_statement(wanted, min(ids, default=None), limit, first)).all()


def page_statement(wanted: TransferFilter, before: int | None, limit: int, from_id: int = 0) -> Select[Any]:
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
            if from_id:
                found = found.where(_TRANSFERS.c.id >= from_id)
            if before is not None:
                found = found.where(_TRANSFERS.c.id < before)
            newest = found.order_by(_TRANSFERS.c.id.desc()).limit(limit).subquery()
            sides.append(select(newest))
    union = union_all(*sides).subquery()
    return select(union).order_by(union.c.id.desc()).limit(limit)


def list_of_account(
    session: Session,
    account: Account,
    before: int | None,
    limit: int,
    from_id: int = 0,
    counts: Counts | None = None,
) -> Sequence[Row[Any]]:
    """Returns up to `limit` transfers of an account on either side with ids from `from_id` up to `before`, the newest
    first. Of those that a request caused, those are left out that do not count.
    """
    sides = []
    for column, other in (_SIDES, _SIDES[::-1]):
        found = _side(column, account, before).where(_TRANSFERS.c.id >= from_id)
        if counts is not None:
            request_id = _TRANSFERS.c.request_id
            found = found.where(or_(request_id.is_(None), counts(request_id, other)))
        sides.append(select(found.order_by(_TRANSFERS.c.id.desc()).limit(limit).subquery()))
    union = union_all(*sides).subquery()
    return session.execute(select(union).order_by(union.c.id.desc()).limit(limit)).all()


def end_of_look(session: Session, account: Account, before: int | None, most: int) -> tuple[int, int] | None:
    """Returns the id and time of the last of the `most` transfers of an account before one; None of one with fewer."""
    ids = [
        select(_side(column, account, before).with_only_columns(_TRANSFERS.c.id)
               .order_by(_TRANSFERS.c.id.desc()).limit(most).subquery())
        for column in _SIDES
    ]  # fmt: skip
    union = union_all(*ids).subquery()
    last = session.scalar(select(union.c.id).order_by(union.c.id.desc()).offset(most - 1).limit(1))
    if last is None:
        return None
    return last, session.execute(select(_TRANSFERS.c.created_at).where(_TRANSFERS.c.id == last)).scalar_one()


def ids_within(session: Session, since: int | None, until: int | None) -> tuple[int, int | None]:
    """Returns from which id on, and before which one, everything is that was posted from a time to another."""
    first = 0 if since is None else _first_at(session, since - BESIDE)
    return first, None if until is None else _first_at(session, until + BESIDE)


def _first_at(session: Session, at: int) -> int:
    """Returns the first id of what was posted at a time or later: ids follow time but for what lands side by side."""
    first, last = 1, 1 + (session.scalar(select(func.max(_TRANSFERS.c.id))) or 0)
    by_id = select(_TRANSFERS.c.id, _TRANSFERS.c.created_at).order_by(_TRANSFERS.c.id).limit(1)
    while first < last:
        middle = (first + last) // 2
        found = session.execute(by_id.where(_TRANSFERS.c.id >= middle)).first()
        if found is None or found.created_at >= at:
            last = middle
        else:
            first = found.id + 1
    return first


def _side(column: ColumnElement[Any], account: Account, before: int | None) -> Select[Any]:
    found = select(_TRANSFERS).where(column == account.id)
    return found if before is None else found.where(_TRANSFERS.c.id < before)
