"""Payouts as they are looked at: a paywall's, those of a chain, those that wait for an operator."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.payouts.tables import Payout, PayoutBatch, PayoutStatus, TreasuryTransfer
from app.sql.columns import table_of

_PAYOUTS, _BATCHES, _TRANSFERS = table_of(Payout), table_of(PayoutBatch), table_of(TreasuryTransfer)
NOT_SIGNED = (PayoutStatus.WAITING, PayoutStatus.REQUESTED, PayoutStatus.BATCHED)
"""Payouts of which no signature of ours exists."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What a paywall's payouts came to, in units."""

    paid_units: int
    under_way_units: int


def read_sums(session: Session, paywall_ids: Sequence[str]) -> dict[str, Sums]:
    """Returns what the payouts of each of some paywalls came to."""
    found = session.execute(
        select(_PAYOUTS.c.paywall_id, _PAYOUTS.c.status, func.sum(_PAYOUTS.c.units))
        .where(_PAYOUTS.c.paywall_id.in_(list(paywall_ids)), _PAYOUTS.c.status != PayoutStatus.RETURNED)
        .group_by(_PAYOUTS.c.paywall_id, _PAYOUTS.c.status)
    )
    sums = {paywall_id: [0, 0] for paywall_id in paywall_ids}
    for paywall_id, status, units in found:
        sums[paywall_id][status is not PayoutStatus.PAID] += int(units)
    return {paywall_id: Sums(paid, under_way) for paywall_id, (paid, under_way) in sums.items()}


def list_of_paywalls(session: Session, paywall_ids: Sequence[str], count: int) -> Sequence[Payout]:
    """Returns the payouts of some paywalls, the newest first."""
    own = select(Payout).where(_PAYOUTS.c.paywall_id.in_(list(paywall_ids)))
    return session.scalars(own.order_by(_PAYOUTS.c.id.desc()).limit(count)).all()


def list_of_wallet(session: Session, wallet_id: str, count: int) -> Sequence[Payout]:
    """Returns the withdrawals from a shared wallet, its test payouts among them, the newest first."""
    own = select(Payout).where(_PAYOUTS.c.wallet_id == wallet_id)
    return session.scalars(own.order_by(_PAYOUTS.c.id.desc()).limit(count)).all()


def find_all(session: Session, ids: Sequence[str]) -> dict[str, Payout]:
    """Returns payouts by their ids."""
    return {one.id: one for one in session.scalars(select(Payout).where(_PAYOUTS.c.id.in_(list(ids))))} if ids else {}


def list_under_way(session: Session, chain_id: int, count: int) -> Sequence[Payout]:
    """Returns the payouts of a chain that are not decided, the oldest first."""
    open_ = (_PAYOUTS.c.chain_id == chain_id, _PAYOUTS.c.finished_at.is_(None))
    return session.scalars(select(Payout).where(*open_).order_by(_PAYOUTS.c.id).limit(count)).all()


def list_waiting_batches(session: Session, chain_id: int) -> Sequence[PayoutBatch]:
    """Returns the batches of a chain that wait for an operator and have a payout that may still go."""
    going = select(_PAYOUTS.c.batch_id).where(
        _PAYOUTS.c.chain_id == chain_id, _PAYOUTS.c.status == PayoutStatus.BATCHED, _PAYOUTS.c.finished_at.is_(None)
    )
    waiting = (_BATCHES.c.chain_id == chain_id, _BATCHES.c.released_at.is_(None), _BATCHES.c.id.in_(going))
    return session.scalars(select(PayoutBatch).where(*waiting).order_by(_BATCHES.c.id)).all()


def list_by_hand(session: Session, chain_id: int, count: int) -> Sequence[Payout]:
    """Returns the payouts of a chain of which no signature exists, the oldest first."""
    own = (_PAYOUTS.c.chain_id == chain_id, _PAYOUTS.c.status.in_(NOT_SIGNED))
    return session.scalars(select(Payout).where(*own).order_by(_PAYOUTS.c.id).limit(count)).all()


def count_by_status(session: Session, chain_id: int) -> dict[PayoutStatus, tuple[int, int]]:
    """Returns how many payouts of a chain that are not decided stand where, and how much that is in units."""
    found = session.execute(
        select(_PAYOUTS.c.status, func.count(), func.sum(_PAYOUTS.c.units))
        .where(_PAYOUTS.c.chain_id == chain_id, _PAYOUTS.c.finished_at.is_(None))
        .group_by(_PAYOUTS.c.status)
    )
    return {status: (int(count), int(units)) for status, count, units in found}


def find_largest(session: Session, chain_id: int, since: int) -> tuple[Payout, int] | None:
    """Returns a payout of whom most was let through since a time on a chain, and how much of theirs; None for nobody.

    Whose they are is the paywall whose earnings they pay, or the wallet that they come out of.
    """
    whose = func.coalesce(_PAYOUTS.c.paywall_id, _PAYOUTS.c.wallet_id)
    counted = (_PAYOUTS.c.chain_id == chain_id, _PAYOUTS.c.released_at > since,
               _PAYOUTS.c.status != PayoutStatus.RETURNED)  # fmt: skip
    units = func.sum(_PAYOUTS.c.units)
    found = session.execute(
        select(func.max(_PAYOUTS.c.id), units).where(*counted).group_by(whose).order_by(units.desc(), whose).limit(1)
    ).first()
    return None if found is None else (session.get_one(Payout, found[0]), int(found[1]))


def list_unbooked(session: Session, chain_id: int, count: int) -> Sequence[TreasuryTransfer]:
    """Returns the transfers out of a treasury of which nobody has said what they were, the oldest first."""
    own = (_TRANSFERS.c.chain_id == chain_id, _TRANSFERS.c.booked_as.is_(None))
    return session.scalars(select(TreasuryTransfer).where(*own).order_by(_TRANSFERS.c.block).limit(count)).all()
