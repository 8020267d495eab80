"""What people are told of a refund: who runs the account that the money goes back from, and who gets it."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.inbox.connections import read_connection
from app.domain.money import Unit, format_for_people, nanos_of_cents
from app.domain.paywalls.configuration import read_current
from app.domain.people.tables import PersonAccount
from app.domain.refunds.refunds import RefundView
from app.domain.refunds.tables import TAKEBACKS, RefundReason, RefundStatus
from app.domain.topups.tables import Topup
from app.domain.wallets.tables import SharedWallet
from app.sql.columns import table_of

_WHY = {
    RefundReason.MISMATCH: "it was not the amount that was asked for",
    RefundReason.SECOND: "what it was for had been paid already",
}


@dataclass(frozen=True, slots=True)
class RefundWords:
    """Subject and text for a paywall's owner (its id and the app's name), else for the operators; none where `subject`
    is empty. `to_payer` is what `payer` is told."""

    subject: str
    text: str
    paywall: tuple[str, str] | None = None
    payer: str | None = None
    to_payer: tuple[str, str] | None = None


def words_of(session: Session, refund: RefundView) -> RefundWords:
    """Returns what is told of a refund as it stands."""
    amount = _amount(refund)
    if refund.status is RefundStatus.FAILED:
        return _of_failed(session, refund, amount)
    if refund.reason in TAKEBACKS:
        return RefundWords("", "", payer=payer_of(session, refund.topup_id), to_payer=(
            f"{amount} of your payment is being refunded",
            f"{amount} of your payment is on its way back to the card that you paid with."
            " You need not do anything; your bank takes 5 to 10 days to show it.",
        ))  # fmt: skip
    why = _WHY[refund.reason]
    return RefundWords(
        subject=f"A payment of {amount} goes back",
        text=f"{refund.payment_id} at {refund.connection_id} is refunded in full, because {why}."
        f" Top-up: {refund.topup_id}. Refund: {refund.id}.",
        payer=payer_of(session, refund.topup_id),
        to_payer=(
            f"Your payment of {amount} is being refunded",
            f"We received a payment of {amount} from you and refund it in full, because {why}."
            " You need not do anything; your bank takes 5 to 10 days to show it.",
        ),
    )


def _of_failed(session: Session, refund: RefundView, amount: str) -> RefundWords:
    if refund.reason not in TAKEBACKS:
        return RefundWords(
            subject=f"A refund of {amount} failed",
            text=f"{refund.connection_id} cannot give {refund.payment_id} back to its payer, to whom {amount} are still"
            f" owed: {_WHY[refund.reason]}. Top-up: {refund.topup_id}. Refund: {refund.id}.",
        )
    paywall_id = read_connection(session, refund.connection_id).paywall_id
    return RefundWords(
        subject=f"A refund of {amount} failed",
        text=f"The payer's bank sent a refund of {refund.payment_id} back, and the money is in the wallet again."
        f" Top-up: {refund.topup_id}. Refund: {refund.id}.",
        paywall=None if paywall_id is None else (paywall_id, read_current(session, paywall_id)[1].app_name),
        payer=payer_of(session, refund.topup_id),
        to_payer=(
            f"A refund of {amount} came back",
            f"Your bank did not take the refund of {amount}; the money is in your wallet again.",
        ),
    )


def _amount(refund: RefundView) -> str:
    if refund.currency == Unit.USD:
        return format_for_people(nanos_of_cents(refund.paid_cents, Unit.USD), Unit.USD)
    return f"{refund.paid_cents // 100}.{refund.paid_cents % 100:02} {refund.currency}"


def payer_of(session: Session, topup_id: str) -> str | None:
    """Returns the address of whose wallet a top-up fills; None for an app's user, whom only the app knows."""
    topups, wallets, people = table_of(Topup), table_of(SharedWallet), table_of(PersonAccount)
    return session.scalar(
        select(people.c.email)
        .join(wallets, wallets.c.person_id == people.c.id)
        .join(topups, topups.c.wallet_id == wallets.c.id)
        .where(topups.c.id == topup_id)
    )
