"""What is told of payouts, in the transaction that decides: developers by events, whoever withdraws by a stored mail.

Of a test payout nothing is told: its amount is what somebody is to read at the address.
"""

from typing import Any

from sqlalchemy.orm import Session

from app.domain.alerts import kept
from app.domain.events import catalogue, outbox
from app.domain.events.made import make
from app.domain.money import Unit, format_decimal, format_finely
from app.domain.payouts.rules import nanos_of
from app.domain.payouts.tables import Payout, PayoutKind, PayoutStatus
from app.domain.people.tables import PersonAccount


def tell_requested(session: Session, payout: Payout) -> None:
    """Tells that earnings are to be paid out."""
    _tell(session, payout, catalogue.PAYOUT_REQUESTED, {})


def tell_paid(session: Session, payout: Payout) -> None:
    """Tells that earnings were paid out, and by which transaction on chain."""
    _tell(session, payout, catalogue.PAYOUT_COMPLETED, {"transaction": payout.paid_by})


def tell_returned(session: Session, payout: Payout) -> None:
    """Tells that a payout came back, and why."""
    _tell(session, payout, catalogue.PAYOUT_FAILED, {"errorCode": payout.error_code or "withdrawn"})


def keep_withdrawal_mail(session: Session, payout: Payout) -> None:
    """Stores a mail to whoever withdraws of how that stands; `send_kept` of a desk is to follow it."""
    if payout.kind is not PayoutKind.WITHDRAWAL:
        return
    person = session.get(PersonAccount, payout.asked_by)
    if person is None or person.email is None:
        return
    amount = format_finely(nanos_of(payout.units), Unit.USDC)
    if payout.status is PayoutStatus.PAID:
        said, text = "arrived", f"It is at {payout.address}, by the transaction {payout.paid_by}."
    elif payout.status is PayoutStatus.RETURNED:
        said, text = "came back", f"It could not be paid to {payout.address}; it is in your wallet again."
    else:
        said = "is on its way"
        text = (f"It goes from your wallet ({payout.environment.value}) to {payout.address}.\n\nIf you did not ask for"
                " this, sign in, look at your sessions, and tell the operator.")  # fmt: skip
    kept.keep(session, [person.email], f"Your withdrawal of {amount} {said}", f"{text}\n\n{payout.id}")


def _tell(session: Session, payout: Payout, type_: str, more: dict[str, Any]) -> None:
    if payout.kind is PayoutKind.TEST or payout.paywall_id is None:
        return
    data = {"payoutId": payout.id, "amount": format_decimal(nanos_of(payout.units)), "currency": Unit.USDC.value,
            "address": payout.address, **more}  # fmt: skip
    outbox.record(session, [make(payout.paywall_id, type_, payout.id, data)])
