"""What developers are told of their payouts: events, in the transaction that decides.

Of a test payout nothing is told: its amount is what somebody is to read at the address.
"""

from typing import Any

from sqlalchemy.orm import Session

from app.domain.events import catalogue, outbox
from app.domain.events.made import make
from app.domain.money import Unit, format_decimal
from app.domain.payouts.rules import nanos_of
from app.domain.payouts.tables import Payout, PayoutKind


def tell_requested(session: Session, payout: Payout) -> None:
    """Tells that earnings are to be paid out."""
    _tell(session, payout, catalogue.PAYOUT_REQUESTED, {})


def tell_paid(session: Session, payout: Payout) -> None:
    """Tells that earnings were paid out, and by which transaction on chain."""
    _tell(session, payout, catalogue.PAYOUT_COMPLETED, {"transaction": payout.paid_by})


def tell_returned(session: Session, payout: Payout) -> None:
    """Tells that a payout came back, and why."""
    _tell(session, payout, catalogue.PAYOUT_FAILED, {"errorCode": payout.error_code or "withdrawn"})


def _tell(session: Session, payout: Payout, type_: str, more: dict[str, Any]) -> None:
    if payout.kind is PayoutKind.TEST:
        return
    data = {"payoutId": payout.id, "amount": format_decimal(nanos_of(payout.units)), "currency": Unit.USDC.value,
            "address": payout.address, **more}  # fmt: skip
    outbox.record(session, [make(payout.paywall_id, type_, payout.id, data)])
