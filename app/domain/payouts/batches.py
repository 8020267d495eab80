"""Payouts on their way: grouped for what the treasury holds, signed, sent, and what became of each at a final block.

A batch groups and decides nothing: each payout is paid or returned by itself, and its money moves with that, once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.earnings.earnings import lock_maturity, pending_account, read_earnings
from app.domain.errors import NotFound
from app.domain.ids import as_id, new_id
from app.domain.ledger.accounts import Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Post, Transfer
from app.domain.payouts import withdrawals
from app.domain.payouts.requests import REPAID, lock, take_turn, transit_of
from app.domain.payouts.rules import BATCH_PAYOUTS_MAX, PayoutRules, nanos_of
from app.domain.payouts.tables import Payout, PayoutBatch, PayoutStatus
from app.domain.transactions.tables import ChainTransaction
from app.domain.transactions.world import world_of
from app.sql.columns import table_of

_PAYOUTS, _BATCHES, _TRANSACTIONS = table_of(Payout), table_of(PayoutBatch), table_of(ChainTransaction)
_COMMITTED = (PayoutStatus.BATCHED, PayoutStatus.SIGNED, PayoutStatus.SENT, PayoutStatus.CANCELING)
_PAYABLE = (PayoutStatus.BATCHED, PayoutStatus.SIGNED, PayoutStatus.SENT)


@dataclass(frozen=True, slots=True)
class OpenPayout:
    """A payout that the chain has not decided; `is_carried` while a transaction that is not final is about it.

    `is_released`: its batch is within the limit, or an operator let it through.
    """

    id: str
    address: str
    units: int
    nonce: str
    status: PayoutStatus
    since_block: int
    batch_id: str | None
    signature: bytes | None
    valid_before: int | None
    is_carried: bool
    is_released: bool

    @property
    def is_payable(self) -> bool:
        """Whether it stands in a batch that may go, and nobody has taken it back."""
        return self.is_released and self.status in _PAYABLE


@dataclass(frozen=True, slots=True)
class Opened:
    """What a look at the requests made of them: the batch that was opened, and how much the treasury lacks.

    `waiting_units` is what the batch comes to if it waits for an operator.
    """

    batch_id: str | None = None
    lacking_units: int = 0
    waiting_units: int = 0


def has_open(session: Session, chain_id: int) -> bool:
    """Tells whether a chain has payouts that it has not decided."""
    of_chain = (_PAYOUTS.c.chain_id == chain_id, _PAYOUTS.c.finished_at.is_(None))
    return session.scalar(select(_PAYOUTS.c.id).where(*of_chain).limit(1)) is not None


def list_open(session: Session, chain_id: int) -> Sequence[OpenPayout]:
    """Returns all payouts of a chain that are not decided, the oldest first."""
    found = session.execute(
        select(Payout, (_TRANSACTIONS.c.id.is_not(None)).label("is_carried"), _BATCHES.c.released_at)
        .outerjoin(PayoutBatch, _BATCHES.c.id == _PAYOUTS.c.batch_id)
        .outerjoin(
            ChainTransaction,
            (_TRANSACTIONS.c.id == _PAYOUTS.c.transaction_id) & _TRANSACTIONS.c.finished_at.is_(None),
        )
        .where(_PAYOUTS.c.chain_id == chain_id, _PAYOUTS.c.finished_at.is_(None))
        .order_by(_PAYOUTS.c.id)
        .execution_options(populate_existing=True)
    )
    return [
        OpenPayout(
            id=row.id, address=row.address, units=row.units, nonce=row.nonce,
            status=row.status, since_block=row.since_block, batch_id=row.batch_id, signature=row.signature,
            valid_before=row.valid_before, is_carried=bool(is_carried), is_released=released_at is not None,
        )
        for row, is_carried, released_at in found
    ]  # fmt: skip


def open_batch(session: Session, rules: PayoutRules, chain_id: int, held_units: int, block: int) -> Opened:
    """Opens a batch of the oldest requests, as many as the treasury can pay; `held_units` is what it has at a block.

    What is signed or may be signed and is not decided at that block counts as gone. The first that does not fit waits,
    and all behind it, so that a large one is not passed by for ever. A batch waits for an operator where what none has
    let through comes to more than the limit of a batch, as after days in which the treasury was empty.
    """
    take_turn(session, chain_id)
    committed = select(func.sum(_PAYOUTS.c.units)).where(
        _PAYOUTS.c.chain_id == chain_id, _PAYOUTS.c.status.in_(_COMMITTED)
    )
    free = held_units - int(session.scalar(committed) or 0)
    requested = session.scalars(
        select(Payout)
        .where(_PAYOUTS.c.chain_id == chain_id, _PAYOUTS.c.status == PayoutStatus.REQUESTED)
        .order_by(_PAYOUTS.c.released_at, _PAYOUTS.c.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    chosen: list[Payout] = []
    for payout in requested[:BATCH_PAYOUTS_MAX]:
        if payout.units > free:
            break
        free -= payout.units
        chosen.append(payout)
    wanted = sum(payout.units for payout in requested[len(chosen) :])
    lacking = max(wanted - free, 0)
    if not chosen:
        return Opened(None, lacking)
    id_, units, now = new_id("bat"), sum(payout.units for payout in chosen), clock.now()
    is_within = sum(one.units for one in chosen if one.released_by is None) <= rules.batch_units_max
    session.add(PayoutBatch(id=id_, chain_id=chain_id, payouts=len(chosen), block=block, created_at=now, units=units,
                            released_at=now if is_within else None))  # fmt: skip
    for payout in chosen:
        payout.status, payout.batch_id = PayoutStatus.BATCHED, id_
    session.flush()
    return Opened(id_, lacking, 0 if is_within else units)


def release(session: Session, batch_id: str, by: str) -> bool:
    """Lets a batch through that waits for an operator; tells whether it waited. Raises NotFound."""
    batch = session.get(PayoutBatch, as_id(batch_id), with_for_update=True, populate_existing=True)
    if batch is None:
        raise NotFound(f"There is no batch {batch_id}.")
    if batch.released_at is not None:
        return False
    batch.released_at, batch.released_by = clock.now(), by
    session.flush()
    return True


def note_signed(session: Session, payout_id: str, signature: bytes, valid_before: int) -> bool:
    """Keeps the treasury's signature of a payout before anybody gets it; tells whether it is still to be paid."""
    payout = lock(session, payout_id)
    if payout.status not in _PAYABLE:
        return False
    payout.signature, payout.valid_before, payout.status = signature, valid_before, PayoutStatus.SIGNED
    session.flush()
    return True


def note_carried(session: Session, payout_ids: Sequence[str], transaction_id: str) -> None:
    """Notes which transaction carries payouts, or their cancelling, from now on."""
    for payout_id in payout_ids:
        payout = session.get_one(Payout, payout_id, with_for_update=True, populate_existing=True)
        if payout.finished_at is None:
            payout.transaction_id = transaction_id
            payout.status = PayoutStatus.SENT if payout.status in _PAYABLE else payout.status
    session.flush()


def note_open(session: Session, payout_ids: Sequence[str], block: int) -> None:
    """Notes that the token has decided nothing of payouts up to a final block, so that none is looked for before it."""
    for payout_id in payout_ids:
        payout = session.get_one(Payout, payout_id, with_for_update=True, populate_existing=True)
        payout.since_block = max(payout.since_block, block)
    session.flush()


def note_paid(session: Session, payout_id: str, transaction: str, block: int) -> Payout | None:
    """Ends a payout that the token has moved at a final block; returns it if it was open."""
    payout = lock(session, payout_id)
    if payout.finished_at is not None:
        return None
    _finish(payout, PayoutStatus.PAID, transaction, block)
    session.flush()
    world, details = world_of(payout.environment, payout.chain_id), {"transaction": transaction, "block": block}
    moved = Transfer(transit_of(payout), world, nanos_of(payout.units), "payout_paid", details=details)
    apply_one(session, Post(f"payout_paid:{payout.id}", (moved,)))
    return payout


def note_returned(session: Session, payout_id: str, transaction: str, block: int) -> Payout | None:
    """Ends a payout that the token can never move, at a final block; returns it if it was open.

    Its money is available again, after it repaid what the paywall owes; or in the wallet that it was of.
    """
    payout = lock(session, payout_id)
    if payout.finished_at is not None:
        return None
    _finish(payout, PayoutStatus.RETURNED, transaction, block)
    session.flush()
    key = f"payout_returned:{payout.id}"
    if payout.paywall_id is None:
        withdrawals.give_back(session, payout, key)
    else:
        _give_back(session, payout, payout.paywall_id, key)
    return payout


def _give_back(session: Session, payout: Payout, paywall_id: str, key: str) -> None:
    pending = pending_account(payout.environment, paywall_id)
    lock_maturity(session, pending.id)
    nanos = nanos_of(payout.units)
    repaid = min(read_earnings(session, payout.environment, paywall_id).owed_nanos, nanos)
    parts = ((Kind.SHORTFALL, repaid, REPAID), (Kind.EARNINGS, nanos - repaid, "payout_returned"))
    moved = tuple(
        Transfer(transit_of(payout), pending.beside(kind, paywall_id), part, type_)
        for kind, part, type_ in parts
        if part
    )
    apply_one(session, Post(key, moved))


def _finish(payout: Payout, status: PayoutStatus, transaction: str, block: int) -> None:
    payout.status, payout.paid_by, payout.paid_block, payout.finished_at = status, transaction, block, clock.now()
    if status is PayoutStatus.PAID:
        payout.error_code = None
