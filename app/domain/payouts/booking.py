"""Transfers out of a treasury that no payout of ours made: an operator says what each was, and the ledger has it."""

from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.earnings.earnings import lock_maturity, pending_account, read_earnings
from app.domain.errors import NotFound, Refused, WrongMode
from app.domain.ids import as_id
from app.domain.ledger.accounts import Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Post, Transfer
from app.domain.money import environment_of_chain
from app.domain.payouts import addresses, withdrawals
from app.domain.payouts.rules import nanos_of
from app.domain.payouts.tables import TreasuryTransfer
from app.domain.paywalls.members import read_owner
from app.domain.paywalls.paywall import lock_paywall
from app.domain.transactions.world import world_of
from app.domain.wallets.trial import INSTANCE

OPERATOR = "operator"
BOOKED = "payout_booked"


def _lock(session: Session, transfer_id: str) -> TreasuryTransfer:
    row = session.get(TreasuryTransfer, as_id(transfer_id), with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(f"There is no transfer {transfer_id}.")
    if row.booked_as is not None:
        raise Refused(f"{transfer_id} is booked already, as {row.booked_as}.")
    return row


def book_for_paywall(session: Session, transfer_id: str, paywall_id: str, by: str) -> None:
    """Books a transfer as paid earnings of a paywall, whose owner has proved that address; what is not there is owed.

    Raises NotFound, WrongMode, Refused.
    """
    row = _lock(session, transfer_id)
    paywall = lock_paywall(session, as_id(paywall_id))
    if not paywall.rules.is_split:
        raise WrongMode(f"Users of {paywall.id} pay into its owner's own account; no treasury owes it anything.")
    if paywall.environment is not environment_of_chain(row.chain_id):
        raise Refused(f"{paywall.id} has no {environment_of_chain(row.chain_id).value} earnings.")
    owner = read_owner(session, paywall.id)
    if owner is None or not addresses.is_proved_of(session, owner, row.payee):
        raise Refused(f"The owner of {paywall.id} has never confirmed {row.payee} as theirs.")
    pending = pending_account(paywall.environment, paywall.id)
    lock_maturity(session, pending.id)
    there = max(read_earnings(session, paywall.environment, paywall.id).available_nanos, 0)
    nanos, world = nanos_of(row.units), world_of(paywall.environment, row.chain_id)
    parts = ((Kind.EARNINGS, min(there, nanos)), (Kind.SHORTFALL, nanos - min(there, nanos)))
    details = {"transaction": row.transaction_hash, "block": row.block}
    moved = tuple(
        Transfer(pending.beside(kind, paywall.id), world, part, BOOKED, details=details) for kind, part in parts if part
    )
    _book(session, row, paywall.id, by, moved)


def book_for_wallet(session: Session, transfer_id: str, wallet_id: str, by: str) -> None:
    """Books a transfer as a withdrawal from a shared wallet, whose owner has proved that address.

    What the wallet has not free, the operator has paid. Raises NotFound, Refused.
    """
    row = _lock(session, transfer_id)
    moved = withdrawals.moved_for_wallet(session, wallet_id, row.payee, row.chain_id, row.units)
    _book(session, row, wallet_id, by, moved)


def book_for_operator(session: Session, transfer_id: str, by: str) -> None:
    """Books a transfer as money that the operator took. Raises NotFound, Refused."""
    row = _lock(session, transfer_id)
    world = world_of(environment_of_chain(row.chain_id), row.chain_id)
    details = {"transaction": row.transaction_hash, "block": row.block}
    capital = world.beside(Kind.OPERATOR_CAPITAL, INSTANCE)
    _book(session, row, OPERATOR, by, (Transfer(capital, world, nanos_of(row.units), BOOKED, details=details),))


def _book(session: Session, row: TreasuryTransfer, as_: str, by: str, moved: tuple[Transfer, ...]) -> None:
    row.booked_as, row.booked_by, row.booked_at = as_, by, clock.now()
    session.flush()
    apply_one(session, Post(f"outgoing:{row.id}", moved))
