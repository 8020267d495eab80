"""Earnings mature: what is old enough moves from pending to available, after the paywall's shortfall is repaid.

Each run moves what was earned between the end of the last run's span and the newest that is old enough, in one
posting whose key names the span, so a run that is repeated moves nothing twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.earnings.tables import EarningsMaturity, EarningsTakeback
from app.domain.ledger.accounts import Account, Kind, parse
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Post, Transfer
from app.domain.ledger.tables import LedgerAccount, LedgerDelta, LedgerTransfer
from app.domain.money import Environment, Unit
from app.sql.columns import table_of

_ACCOUNTS, _DELTAS, _TRANSFERS = table_of(LedgerAccount), table_of(LedgerDelta), table_of(LedgerTransfer)

REINSTATED = "earnings_reinstated"
"""The type of transfers to pending earnings that were earned before, and taken back meanwhile."""


@dataclass(frozen=True, slots=True)
class Earnings:
    """What a paywall has earned and not been paid; `owed_nanos` is the shortfall that comes off first."""

    pending_nanos: int
    available_nanos: int
    owed_nanos: int


def pending_account(environment: Environment, paywall_id: str) -> Account:
    """Returns where a paywall's new earnings go."""
    return Account(environment, Unit.USDC, Kind.EARNINGS_PENDING, paywall_id)


def read_earnings(session: Session, environment: Environment, paywall_id: str) -> Earnings:
    """Returns a paywall's earnings as they stand, with what jobs have not folded yet."""
    pending = pending_account(environment, paywall_id)
    return Earnings(
        _balance(session, pending),
        _balance(session, pending.beside(Kind.EARNINGS, paywall_id)),
        max(-_balance(session, pending.beside(Kind.SHORTFALL, paywall_id)), 0),
    )


def list_pending(session: Session) -> Sequence[str]:
    """Returns the ids of all pending earnings accounts."""
    kind = Kind.EARNINGS_PENDING.value
    return session.scalars(select(_ACCOUNTS.c.id).where(_ACCOUNTS.c.kind == kind).order_by(_ACCOUNTS.c.id)).all()


_KEEP = text(
    "INSERT INTO earnings_maturity (account_id, until, transfer_id, changed_at) VALUES (:id, 0, 0, :now)"
    " ON CONFLICT DO NOTHING"
)

_DISORDER_MAX = 100_000
"""By how much ids of transfers may be out of the order of their times: several processes write at once."""


def lock_maturity(session: Session, account_id: str) -> EarningsMaturity:
    """Returns how far pending earnings have matured, made if need be; until the transaction ends nobody else makes any
    of them available, takes any back or reinstates any."""
    session.execute(_KEEP, {"id": account_id, "now": clock.now()})
    return session.get_one(EarningsMaturity, account_id, with_for_update=True, populate_existing=True)


def mature(session: Session, account_id: str, before: int) -> int:
    """Makes available what was earned before a time (microseconds), less what of that was taken back.

    What was reinstated is earned when it was earned first. Returns how much left pending, in nanos.
    """
    stored = lock_maturity(session, account_id)
    earned = select(func.max(_TRANSFERS.c.id), func.sum(_TRANSFERS.c.amount)).where(
        _TRANSFERS.c.credit_account_id == account_id,
        _TRANSFERS.c.id > stored.transfer_id,
        _TRANSFERS.c.created_at >= stored.until,
        _TRANSFERS.c.created_at < before,
        _TRANSFERS.c.type != REINSTATED,
    )
    newest, amount = session.execute(earned).one()
    if newest is None:
        return 0
    pending = parse(account_id)
    left = int(amount) - _taken_back(session, account_id, stored.until, before)
    amount = max(min(left, _balance(session, pending)), 0)
    stored.until, stored.changed_at = before, clock.now()
    stored.transfer_id = max(newest - _DISORDER_MAX, stored.transfer_id)
    session.flush()
    transfers = _transfers(session, pending, amount)
    if transfers:
        apply_one(session, Post(f"mature:{account_id}:{before}", transfers))
    return amount


def _taken_back(session: Session, account_id: str, since: int, before: int) -> int:
    """Returns what was taken back, and not reinstated, of what was earned in a span."""
    table = table_of(EarningsTakeback)
    taken = select(func.sum(table.c.amount_nanos - table.c.returned_nanos)).where(
        table.c.account_id == account_id, table.c.earned_at >= since, table.c.earned_at < before
    )
    return int(session.scalar(taken) or 0)


def _transfers(session: Session, pending: Account, amount: int) -> tuple[Transfer, ...]:
    shortfall = pending.beside(Kind.SHORTFALL, pending.owner)
    repaid = min(amount, max(-_balance(session, shortfall), 0))
    parts = ((shortfall, repaid, "shortfall_repaid"), (pending.beside(Kind.EARNINGS, pending.owner), amount - repaid,
                                                       "earnings_available"))  # fmt: skip
    return tuple(Transfer(pending, account, part, kind) for account, part, kind in parts if part)


def _balance(session: Session, account: Account) -> int:
    stored = session.scalar(select(_ACCOUNTS.c.posted).where(_ACCOUNTS.c.id == account.id))
    deltas = session.scalar(select(func.sum(_DELTAS.c.amount)).where(_DELTAS.c.account_id == account.id))
    return int(stored or 0) + int(deltas or 0)
