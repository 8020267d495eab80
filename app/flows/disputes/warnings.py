"""A fraud warning of a payment that is too large to be refunded by itself: an operator gives it back, or lets it be.

Either way it is decided once; the wallet waits frozen until then (`decisions.md` 13).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import db
from app.domain.disputes.noting import note_thawed
from app.domain.disputes.settling import refundable_cents, settle
from app.domain.disputes.tables import FraudWarning, WarningAct
from app.domain.errors import NotFound, Refused
from app.domain.ids import as_id
from app.domain.inbox import health
from app.domain.ledger.apply import apply_all
from app.domain.operators.operators import Operator, note_change
from app.domain.refunds import payments
from app.domain.refunds.tables import RefundReason
from app.domain.topups import topups
from app.domain.topups.tables import Topup
from app.domain.wallets import freezes
from app.domain.wallets.tables import FreezeReason, WalletFreeze
from app.flows.events.tell import tell_refund
from app.flows.payments.refund import Refunds
from app.sql.columns import table_of

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Waiting:
    """A warning that nobody decided about: of which payment, into which wallet, since when."""

    connection_id: str
    id: str
    topup_id: str
    payment_id: str
    wallet_id: str
    paid_cents: int
    since: int


def list_waiting(session: Session, limit: int) -> Sequence[Waiting]:
    """Returns the warnings that wait for an operator, the oldest first."""
    warnings, tops, frozen = table_of(FraudWarning), table_of(Topup), table_of(WalletFreeze)
    source = warnings.c.connection_id + ":" + warnings.c.id
    found = (
        select(warnings, tops.c.wallet_id, tops.c.paid_cents)
        .join(tops, tops.c.id == warnings.c.topup_id)
        .join(frozen, (frozen.c.wallet_id == tops.c.wallet_id) & (frozen.c.source == source))
        .where(warnings.c.act == WarningAct.FROZEN.value, frozen.c.reason == FreezeReason.WARNING.value)
        .order_by(warnings.c.created_at)
        .limit(limit)
    )
    return [
        Waiting(row.connection_id, row.id, row.topup_id, row.payment_id, row.wallet_id, row.paid_cents, row.created_at)
        for row in session.execute(found)
    ]


async def give_back(refunds: Refunds, operator: Operator, connection_id: str, warning_id: str) -> int:
    """Gives all back that is left of a payment, and returns the cents; its wallet stays frozen, as after a dispute.

    Raises NotFound for a warning that waits for nobody, Refused where nothing is left, or what went back lately is not
    known.
    """

    def decide(session: Session) -> tuple[str, int]:
        warning, topup = _lock(session, connection_id, warning_id)
        if not health.is_up_to_date(session, connection_id):
            raise Refused(f"The events of {connection_id} were not read lately: something may have gone back already.")
        cents = refundable_cents(session, topup)
        if not cents:
            raise Refused("Nothing of this payment is left to give back.")
        row = payments.ask(session, topup, RefundReason.WARNING, cents)
        warning.act = WarningAct.REFUNDED
        session.flush()
        settle(session, topup)
        tell_refund(session, topup, row)
        note_change(session, operator, topup.wallet_id, {"warning": warning.id, "given_back_cents": cents})
        return row.id, cents

    refund_id, cents = await db.in_transaction(decide, writes=True)
    log.info("warning", warning=warning_id, step="given_back", refund=refund_id)
    await refunds.send(refund_id)
    return cents


async def let_be(operator: Operator, connection_id: str, warning_id: str) -> None:
    """Takes a warning for none, and lets its wallet be charged again unless it is frozen for more. Raises NotFound."""

    def decide(session: Session) -> None:
        warning, topup = _lock(session, connection_id, warning_id)
        source = f"{connection_id}:{warning.id}"
        warning.act = WarningAct.TOLD
        note_thawed(session, [(FreezeReason.WARNING, source)])
        apply_all(session, freezes.thaw(session, topup.wallet_id, FreezeReason.WARNING, source))
        note_change(session, operator, topup.wallet_id, {"warning": warning.id, "let_be": True})

    await db.in_transaction(decide, writes=True)
    log.info("warning", warning=warning_id, step="let_be")


def _lock(session: Session, connection_id: str, warning_id: str) -> tuple[FraudWarning, Topup]:
    key = (as_id(connection_id), as_id(warning_id))
    found = session.get(FraudWarning, key)
    if found is None:
        raise NotFound(f"There is no warning {warning_id[:80]}.")
    topup = topups.lock(session, connection_id, found.topup_id)
    warning = session.get_one(FraudWarning, key, with_for_update=True, populate_existing=True)
    if warning.act is not WarningAct.FROZEN:
        raise NotFound(f"{warning.id} was decided already.")
    return warning, topup
