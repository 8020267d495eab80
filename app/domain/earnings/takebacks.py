"""Earnings that are taken back, and reinstated: from pending, then available, then as a shortfall (`decisions.md` 13).

Each part is a row, which keeps when it was earned, so that what is reinstated becomes available when it would have. Who
takes or reinstates has the paywall's maturity locked (`earnings.lock_maturity`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.earnings.earnings import REINSTATED, lock_maturity
from app.domain.earnings.tables import EarningsTakeback, TakenFrom
from app.domain.ledger.accounts import Account, Kind
from app.domain.ledger.folding import read_balance
from app.domain.ledger.operations import Transfer
from app.domain.ledger.tables import LedgerTransfer
from app.sql.columns import table_of

TAKEN_BACK = "earnings_taken_back"
BATCH = 200
_TAKEN, _TRANSFERS = table_of(EarningsTakeback), table_of(LedgerTransfer)


@dataclass(frozen=True, slots=True)
class Taking:
    """What is taken back of a paywall's earnings: for whose sake, where it goes, and under which word.

    `own` are the transfers that earned it, the newest first; what they have left is taken before other pending money.
    """

    source: str
    to: Account
    type: str
    own: Sequence[int] = ()


def outstanding(session: Session, source: str) -> dict[str, int]:
    """Returns what is taken back for the sake of a source and not reinstated, by pending earnings account."""
    left = func.sum(_TAKEN.c.amount_nanos - _TAKEN.c.returned_nanos)
    found = select(_TAKEN.c.account_id, left).where(_TAKEN.c.source == source).group_by(_TAKEN.c.account_id)
    return {account: int(nanos) for account, nanos in session.execute(found) if nanos}


def take(session: Session, pending: Account, amount: int, taking: Taking) -> list[Transfer]:
    """Takes earnings back, and returns the transfers for the caller to post at once."""
    until, left = lock_maturity(session, pending.id).until, amount
    there = max(read_balance(session, pending), 0)
    parts: list[EarningsTakeback] = []
    for earning_id, free, earned_at in _pending(session, pending, until, taking.own):
        part = min(free, left, there)
        if part:
            parts.append(_row(pending, taking, TakenFrom.PENDING, part, (earning_id, earned_at)))
            left, there = left - part, there - part
        if not left or not there:
            break
    earnings = pending.beside(Kind.EARNINGS, pending.owner)
    if part := min(left, max(read_balance(session, earnings), 0)):
        parts.append(_row(pending, taking, TakenFrom.AVAILABLE, part))
        left -= part
    if left:
        parts.append(_row(pending, taking, TakenFrom.SHORTFALL, left))
    session.add_all(parts)
    session.flush()
    return [Transfer(_account(pending, row.taken_from), taking.to, row.amount_nanos, taking.type) for row in parts]


def reinstate(session: Session, pending: Account, amount: int, source: str, capital: Account) -> list[Transfer]:
    """Puts back what was taken for the sake of a source, the last taken first, exactly where it was.

    Pending money whose day has come meanwhile is available now, after what the paywall owes; so is what it owed and has
    repaid since. Returns the transfers out of the operator's capital, for the caller to post at once.
    """
    until = lock_maturity(session, pending.id).until
    owed = max(-read_balance(session, pending.beside(Kind.SHORTFALL, pending.owner)), 0)
    rows = session.scalars(
        select(EarningsTakeback)
        .where(_TAKEN.c.source == source, _TAKEN.c.account_id == pending.id)
        .order_by(_TAKEN.c.id.desc())
    )
    put: dict[TakenFrom, int] = dict.fromkeys(TakenFrom, 0)
    for row in rows:
        part = min(row.amount_nanos - row.returned_nanos, amount)
        row.returned_nanos, amount = row.returned_nanos + part, amount - part
        is_pending = row.taken_from is TakenFrom.PENDING and (row.earned_at or 0) >= until
        if is_pending or row.taken_from is TakenFrom.AVAILABLE:
            put[row.taken_from] += part
        else:
            repaid = min(part, owed)
            owed -= repaid
            put[TakenFrom.SHORTFALL] += repaid
            put[TakenFrom.AVAILABLE] += part - repaid
    session.flush()
    return [Transfer(capital, _account(pending, place), part, REINSTATED) for place, part in put.items() if part]


def _pending(session: Session, pending: Account, until: int, own: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Yields what was earned and is pending still, the own first and then the newest: transfer, what is left, when."""
    for start in range(0, len(own), BATCH):
        yield from _unmatured(session, pending, until, _TRANSFERS.c.id.in_(own[start : start + BATCH]))
    seen, before = frozenset(own), None
    while True:
        found = _unmatured(session, pending, until, *(() if before is None else (_TRANSFERS.c.id < before,)))
        yield from (earning for earning in found if earning[0] not in seen)
        if len(found) < BATCH:
            return
        before = found[-1][0]


def _unmatured(session: Session, pending: Account, until: int, *where: Any) -> list[tuple[int, int, int]]:
    taken = (
        select(func.coalesce(func.sum(_TAKEN.c.amount_nanos - _TAKEN.c.returned_nanos), 0))
        .where(_TAKEN.c.account_id == pending.id, _TAKEN.c.earned_at == _TRANSFERS.c.created_at,
               _TAKEN.c.earning_id == _TRANSFERS.c.id)
        .scalar_subquery()
    )  # fmt: skip
    found = (
        select(_TRANSFERS.c.id, _TRANSFERS.c.amount - taken, _TRANSFERS.c.created_at)
        .where(_TRANSFERS.c.credit_account_id == pending.id, _TRANSFERS.c.created_at >= until,
               _TRANSFERS.c.type != REINSTATED, *where)
        .order_by(_TRANSFERS.c.id.desc())
        .limit(BATCH)
    )  # fmt: skip
    return [(row[0], int(row[1]), row[2]) for row in session.execute(found)]


def _row(
    pending: Account, taking: Taking, place: TakenFrom, amount: int, earning: tuple[int, int] | None = None
) -> EarningsTakeback:
    return EarningsTakeback(
        account_id=pending.id, source=taking.source, taken_from=place, amount_nanos=amount, returned_nanos=0,
        earning_id=earning and earning[0], earned_at=earning and earning[1], created_at=clock.now(),
    )  # fmt: skip


def _account(pending: Account, place: TakenFrom) -> Account:
    kinds = {TakenFrom.PENDING: Kind.EARNINGS_PENDING, TakenFrom.AVAILABLE: Kind.EARNINGS,
             TakenFrom.SHORTFALL: Kind.SHORTFALL}  # fmt: skip
    return pending.beside(kinds[place], pending.owner)
