"""What people are told of disputes and fraud warnings: whose payment it is, and whose wallet was frozen for it.

The rows are due until somebody was told; a mail may come twice, and never not at all.
"""

from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import db
from app.domain.disputes.tables import Dispute, DisputeState, FraudWarning, Funds, WarningAct
from app.domain.inbox.connections import read_connection
from app.domain.money import Unit, format_for_people, nanos_of_cents
from app.domain.paywalls.configuration import read_current
from app.domain.topups.tables import Topup
from app.domain.wallets.freezes import find_wallet, list_freezes
from app.each_alone import each_alone
from app.flows.events.mails import Desk, Notice
from app.flows.payments.refund_words import payer_of
from app.sql.columns import table_of

log = structlog.get_logger()

BATCH = 50


@dataclass(frozen=True, slots=True)
class _Told:
    """What is to be told: to who looks after the payment, and to who paid it, where that is somebody we know."""

    subject: str
    text: str
    paywall: tuple[str, str] | None
    payer: str | None
    to_payer: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class DisputeDesk:
    """Tells of disputes and warnings from the operators' desk."""

    desk: Desk

    async def has_due(self) -> bool:
        """Tells whether there is anything to tell."""
        return bool(await db.in_transaction(_list_due))

    async def tell_due(self) -> int:
        """Tells of every dispute and warning that changed since it was told of; returns of how many."""
        due = await db.in_transaction(_list_due)
        await each_alone("dispute", due, self._tell, lambda one: one[1])
        return len(due)

    async def _tell(self, key: tuple[str, str, bool]) -> None:
        told = await db.in_transaction(partial(_read, key=key))
        if told is None:
            return
        if told.paywall is not None:
            await self.desk.tell(
                Notice(paywall_id=told.paywall[0], app_name=told.paywall[1], subject=told.subject, text=told.text)
            )
        else:
            await self.desk.alert(told.subject, told.text)
        if told.payer is not None and told.to_payer is not None:
            await self.desk.write(told.payer, *told.to_payer)
        await db.in_transaction(partial(_note_told, key=key, subject=told.subject), writes=True)


def _list_due(session: Session) -> list[tuple[str, str, bool]]:
    found: list[tuple[str, str, bool]] = []
    for model, is_dispute in ((Dispute, True), (FraudWarning, False)):
        table = table_of(model)
        due = select(table.c.connection_id, table.c.id).where(table.c.untold_at.is_not(None))
        rows = session.execute(due.order_by(table.c.untold_at).limit(BATCH))
        found += [(row.connection_id, row.id, is_dispute) for row in rows]
    return found


def _read(session: Session, key: tuple[str, str, bool]) -> _Told | None:
    connection_id, id_, is_dispute = key
    if is_dispute:
        dispute = session.get(Dispute, (connection_id, id_))
        return None if dispute is None else _of_dispute(session, dispute)
    warning = session.get(FraudWarning, (connection_id, id_))
    return None if warning is None else _of_warning(session, warning)


def _note_told(session: Session, key: tuple[str, str, bool], subject: str) -> None:
    """Notes what was told; what changed meanwhile is told as well."""
    connection_id, id_, is_dispute = key
    if not is_dispute:
        warning = session.get(FraudWarning, (connection_id, id_), with_for_update=True)
        if warning is not None:
            warning.untold_at = None
    else:
        dispute = session.get(Dispute, (connection_id, id_), with_for_update=True)
        if dispute is not None and _of_dispute(session, dispute).subject == subject:
            dispute.untold_at = None
    session.flush()


def _of_dispute(session: Session, dispute: Dispute) -> _Told:
    topup = session.get_one(Topup, dispute.topup_id)
    amount = _dollars(dispute.amount_cents)
    about = f"Payment: {dispute.payment_id}. Top-up: {topup.id}. Wallet: {topup.wallet_id}. Dispute: {dispute.id}."
    said, meaning = _words(dispute.state, dispute.funds)
    is_out = dispute.funds is Funds.OUT
    if is_out and _is_thawed(session, topup, f"{dispute.connection_id}:{dispute.id}"):
        return _of_thawed(session, topup, f"A payment of {amount} {said}", about)
    return _told(session, topup, f"A payment of {amount} {said}", f"{meaning}\n\n{about}",
                 _for_payer(session, dispute, topup, amount))  # fmt: skip


def _is_thawed(session: Session, topup: Topup, source: str) -> bool:
    """Tells whether an operator has let a wallet be charged again that a dispute or a warning had frozen."""
    return source not in [found for _, found in list_freezes(session, topup.wallet_id)]


def _of_thawed(session: Session, topup: Topup, what: str, about: str) -> _Told:
    others = bool(list_freezes(session, topup.wallet_id))
    still = " It stays frozen for another reason." if others else " Apps can charge it again."
    to_payer = ("Your wallet is no longer frozen for a payment" if others else "Your wallet can be charged again",
                f"We have looked into your payment of {_dollars(topup.paid_cents)}, for which your wallet was frozen."
                f"{still}")  # fmt: skip
    meaning = f"An operator has looked into it, and let the wallet go on.{still}"
    return _told(session, topup, f"{what}, and its wallet was thawed", f"{meaning}\n\n{about}", to_payer)


def _words(state: DisputeState, funds: Funds) -> tuple[str, str]:
    """Returns how a dispute stands, and what that means."""
    if state is DisputeState.INQUIRY:
        return "is asked about", (
            "The payer's bank asks about this payment. No money has moved, and nothing is disputed yet; answer it at"
            " Stripe, or give the payment back."
        )
    if state is DisputeState.DISMISSED:
        return "is not disputed after all", "The payer's bank asks no more. No money has moved."
    if funds is Funds.OUT:
        ending = {
            DisputeState.LOST: "The dispute is lost. The wallet stays frozen until what it owes is paid and an operator"
            " thaws it, or writes it off.",
        }.get(state, "Its funds were withdrawn and taken from the user's wallet, which is frozen. Answer it at Stripe.")
        return ("was lost to a dispute" if state is DisputeState.LOST else "is disputed"), ending
    if funds is Funds.BACK:
        return "came back", "The funds of the dispute were reinstated, and are in the user's wallet again."
    decided = {DisputeState.WON: "The dispute is won.", DisputeState.LOST: "The dispute is lost."}
    return "is disputed", decided.get(state, "Nothing has been withdrawn yet. Answer it at Stripe.")


def _for_payer(session: Session, dispute: Dispute, topup: Topup, amount: str) -> tuple[str, str] | None:
    if dispute.funds is Funds.OUT:
        return (
            f"Your payment of {amount} is disputed, and your wallet is frozen",
            f"Your bank disputes your payment of {amount}, and took it back. It was taken from your wallet, which no"
            " app can charge until this is settled. If this is a mistake, tell your bank.",
        )
    if dispute.funds is Funds.BACK:
        is_frozen = bool(list_freezes(session, topup.wallet_id))
        still = " It stays frozen for another reason." if is_frozen else " Apps can charge it again."
        return f"Your payment of {amount} is back", f"{amount} are in your wallet again.{still}"
    return None


def _of_warning(session: Session, warning: FraudWarning) -> _Told:
    topup = session.get_one(Topup, warning.topup_id)
    amount = _dollars(topup.paid_cents)
    meaning = {
        WarningAct.TOLD: "Nothing has moved. Giving the payment back now keeps it from being disputed.",
        WarningAct.REFUNDED: "It was given back whole, and the wallet is frozen.",
        WarningAct.FROZEN: "The wallet is frozen. Give the payment back at Stripe, which keeps it from being disputed,"
        f" or let the wallet be charged again: coinslot wallet thaw {topup.wallet_id}.",
    }[warning.act]
    about = f"Payment: {warning.payment_id}. Top-up: {topup.id}. Wallet: {topup.wallet_id}. Warning: {warning.id}."
    froze = warning.act is not WarningAct.TOLD
    if froze and _is_thawed(session, topup, f"{warning.connection_id}:{warning.id}"):
        return _of_thawed(session, topup, f"A payment of {amount} may be a fraud", about)
    to_payer = None
    if froze:
        ending = " It was given back." if warning.act is WarningAct.REFUNDED else ""
        to_payer = (
            "Your wallet is frozen",
            f"Your bank believes that your payment of {amount} was not made by you.{ending} No app can charge your"
            " wallet until we have looked into it.",
        )
    return _told(session, topup, f"A payment of {amount} may be a fraud", f"{meaning}\n\n{about}", to_payer)


def _told(session: Session, topup: Topup, subject: str, text: str, to_payer: tuple[str, str] | None) -> _Told:
    """Says who is told: the developer of a paywall's own wallets or own account, else the operators."""
    connection = read_connection(session, topup.connection_id)
    paywall_id = connection.paywall_id or find_wallet(session, topup.wallet_id).paywall_id
    paywall = None if paywall_id is None else (paywall_id, read_current(session, paywall_id)[1].app_name)
    return _Told(subject=subject, text=text, paywall=paywall, payer=payer_of(session, topup.id), to_payer=to_payer)


def _dollars(cents: int) -> str:
    return format_for_people(nanos_of_cents(cents, Unit.USD), Unit.USD)
