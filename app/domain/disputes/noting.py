"""What a rail says of a payment becomes rows: refunds made there, how ours stand, disputes, fraud warnings.

The top-up is locked. Nothing is posted here; `settling.settle` does that from the rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.disputes.found import FoundDispute, FoundRefund, FoundWarning
from app.domain.disputes.settling import Freezing
from app.domain.disputes.tables import Dispute, DisputeState, FraudWarning, Funds, WarningAct
from app.domain.ids import derived_id
from app.domain.ledger.accounts import parse
from app.domain.money import nanos_of_cents
from app.domain.refunds import payments
from app.domain.refunds.tables import TAKEBACKS, Refund, RefundReason, RefundStatus
from app.domain.topups.tables import Topup
from app.domain.topups.topups import payment_of
from app.domain.wallets.tables import FreezeReason

_DECIDED = (DisputeState.WON, DisputeState.LOST)


@dataclass(frozen=True, slots=True)
class Noted:
    """What was new: refunds made at the rail, disputes that were opened and closed, what is to be frozen or thawed."""

    refunds: tuple[Refund, ...] = ()
    opened: tuple[Dispute, ...] = ()
    closed: tuple[Dispute, ...] = ()
    freezings: tuple[Freezing, ...] = ()


def note_refunds(session: Session, topup: Topup, found: Sequence[FoundRefund]) -> tuple[Refund, ...]:
    """Brings refund rows up to what the rail says, and returns those that are new: made there, or forgotten here."""
    new: list[Refund] = []
    for one in found:
        own = None if one.own_id is None else session.get(Refund, one.own_id, with_for_update=True)
        if own is not None and own.topup_id == topup.id:
            if own.reason in TAKEBACKS:
                payments.note(own, one.status)
            continue
        id_ = derived_id("rfd", topup.connection_id, one.id)
        row = session.get(Refund, id_, with_for_update=True)
        if row is None:
            row = _add_elsewhere(session, topup, id_, one)
            new.append(row)
        payments.note(row, one.status)
    session.flush()
    return tuple(new)


def _add_elsewhere(session: Session, topup: Topup, id_: str, found: FoundRefund) -> Refund:
    now = clock.now()
    row = Refund(
        id=id_, topup_id=topup.id, connection_id=topup.connection_id, payment_id=payment_of(topup), account_id=None,
        paid_cents=found.cents, currency=topup.currency,
        credited_nanos=nanos_of_cents(found.cents, parse(topup.account_id).unit), transit_nanos=0,
        reason=RefundReason.ELSEWHERE, status=RefundStatus.PENDING, attempts=0, created_at=now, next_at=now,
    )  # fmt: skip
    session.add(row)
    return row


def note_disputes(session: Session, topup: Topup, found: Sequence[FoundDispute]) -> Noted:
    """Brings dispute rows up to what the rail says."""
    opened, closed, freezings = [], [], []
    for one in found:
        row = session.get(Dispute, (topup.connection_id, one.id), with_for_update=True)
        before = None if row is None else (row.state, row.funds, row.amount_cents)
        if row is None:
            row = _add_dispute(session, topup, one)
        if before == (one.state, one.funds, one.cents):
            continue
        was_dispute = before is not None and before[0] is not DisputeState.INQUIRY
        row.state, row.funds, row.amount_cents, row.changed_at = one.state, one.funds, one.cents, clock.now()
        row.untold_at = clock.now()
        if not was_dispute and one.state not in (DisputeState.INQUIRY, DisputeState.DISMISSED):
            opened.append(row)
        is_over = one.state in _DECIDED or (was_dispute and one.state is DisputeState.DISMISSED)
        if is_over and (before is None or before[0] is not one.state):
            closed.append(row)
        if (one.funds is Funds.OUT) != (before is not None and before[1] is Funds.OUT):
            freezings.append(Freezing(FreezeReason.DISPUTE, source_of(row), one.funds is Funds.OUT))
    session.flush()
    return Noted(opened=tuple(opened), closed=tuple(closed), freezings=tuple(freezings))


def source_of(dispute: Dispute) -> str:
    """Returns what a freeze of a dispute names as its source."""
    return f"{dispute.connection_id}:{dispute.id}"


def note_thawed(session: Session, freezes: Sequence[tuple[FreezeReason, str]]) -> None:
    """Lets those who were told that a wallet is frozen, by these reasons and sources, be told that it is no more."""
    for reason, source in freezes:
        if reason is FreezeReason.OPERATOR:
            continue
        connection_id, _, id_ = source.partition(":")
        kind = Dispute if reason is FreezeReason.DISPUTE else FraudWarning
        row = session.get(kind, (connection_id, id_), with_for_update=True)
        if row is not None:
            row.untold_at = clock.now()
    session.flush()


def _add_dispute(session: Session, topup: Topup, found: FoundDispute) -> Dispute:
    now = clock.now()
    row = Dispute(
        connection_id=topup.connection_id, id=found.id, topup_id=topup.id, payment_id=payment_of(topup),
        amount_cents=found.cents, currency=topup.currency, state=DisputeState.INQUIRY, funds=Funds.KEPT,
        untold_at=now, created_at=now, changed_at=now,
    )  # fmt: skip
    session.add(row)
    return row


@dataclass(frozen=True, slots=True)
class WarningRules:
    """What is done about fraud warnings: nothing where a developer is told; else up to `refund_cents_max` of a payment
    are given back at once, and a payment of more is frozen."""

    is_told_only: bool
    refund_cents_max: int


def note_warnings(
    session: Session, topup: Topup, found: Sequence[FoundWarning], rules: WarningRules, left_cents: int
) -> tuple[Freezing, ...]:
    """Decides once about each new warning; `left_cents` of the payment have not gone back yet."""
    freezings: list[Freezing] = []
    for one in found:
        if session.get(FraudWarning, (topup.connection_id, one.id)) is not None:
            continue
        act = _act(one, rules, left_cents)
        if act is WarningAct.REFUNDED:
            payments.ask(session, topup, RefundReason.WARNING, left_cents)
            left_cents = 0
        if act is not WarningAct.TOLD:
            freezings.append(Freezing(FreezeReason.WARNING, f"{topup.connection_id}:{one.id}", True))
        now = clock.now()
        session.add(FraudWarning(connection_id=topup.connection_id, id=one.id, topup_id=topup.id,
                                 payment_id=payment_of(topup), act=act, untold_at=now, created_at=now))  # fmt: skip
        session.flush()
    return tuple(freezings)


def _act(found: FoundWarning, rules: WarningRules, left_cents: int) -> WarningAct:
    if rules.is_told_only or not found.is_actionable or not left_cents:
        return WarningAct.TOLD
    return WarningAct.REFUNDED if left_cents <= rules.refund_cents_max else WarningAct.FROZEN
