"""What an operator does about wallets that were frozen, or that owe what a dispute took (`decisions.md` 13)."""

from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain.disputes.noting import note_thawed
from app.domain.errors import Refused
from app.domain.ledger.accounts import Kind
from app.domain.ledger.apply import apply_all
from app.domain.ledger.folding import lock_balance, read_balance
from app.domain.ledger.operations import Post, Transfer
from app.domain.money import format_for_people
from app.domain.paywalls.changes import Section, note_change
from app.domain.paywalls.paywall import lock_paywall
from app.domain.wallets import freezes, lots
from app.domain.wallets.freezes import WalletAt, find_wallet
from app.domain.wallets.tables import EndUser
from app.domain.wallets.trial import INSTANCE

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Thawed:
    """What was done about a wallet: for which reasons it had been frozen, and what was paid of its debt."""

    reasons: tuple[str, ...]
    written_off_nanos: int = 0


async def thaw_wallet(wallet_id: str) -> Thawed:
    """Lets a wallet be charged again, for whatever reasons it was frozen; for the command of an operator.

    Raises NotFound, Refused for a wallet that owes money: it is paid, or written off.
    """
    return await db.in_transaction(partial(thaw, wallet_id=wallet_id), writes=True)


async def write_off(wallet_id: str) -> Thawed:
    """Pays what a wallet owes out of the operator's capital, and lets it be charged again; for an operator's command.

    Earnings that were taken back for its debt stay so. Raises NotFound, Refused for a wallet that owes nothing.
    """
    return await db.in_transaction(partial(write_off_debt, wallet_id=wallet_id), writes=True)


def write_off_debt(session: Session, wallet_id: str, made_by: str | None = None) -> Thawed:
    """Does what `write_off` says in the caller's transaction; `made_by` is an operator's account."""
    wallet = find_wallet(session, wallet_id)
    books = lots.lock(session, wallet.id)
    owed = -lock_balance(session, wallet.account)[0]
    if owed <= 0:
        raise Refused(f"{wallet_id} owes nothing; `coinslot wallet thaw` thaws it.")
    reasons = _reasons(session, wallet_id)
    books.written_off_nanos += owed
    books.postings += 1
    session.flush()
    paid = Transfer(wallet.account.beside(Kind.OPERATOR_CAPITAL, INSTANCE), wallet.account, owed, "write_off")
    post = Post(f"write_off:{wallet.id}:{books.postings}", (paid,))
    apply_all(session, [post, *freezes.thaw(session, wallet_id)])
    _note(session, wallet, {"frozen": False, "written_off": format_for_people(owed, wallet.account.unit)}, made_by)
    log.info("wallet_written_off", wallet=wallet_id, nanos=owed, reasons=reasons)
    return Thawed(reasons, owed)


def thaw(session: Session, wallet_id: str, made_by: str | None = None) -> Thawed:
    """Does what `thaw_wallet` says in the caller's transaction; `made_by` is an operator's account."""
    wallet = find_wallet(session, wallet_id)
    owed = -read_balance(session, wallet.account)
    if owed > 0:
        amount = format_for_people(owed, wallet.account.unit)
        raise Refused(f"{wallet_id} owes {amount}, and stays frozen until that is paid or written off.")
    reasons = _reasons(session, wallet_id)
    apply_all(session, freezes.thaw(session, wallet_id))
    _note(session, wallet, {"frozen": False}, made_by)
    log.info("wallet_thawed", wallet=wallet_id, reasons=reasons)
    return Thawed(reasons)


def _reasons(session: Session, wallet_id: str) -> tuple[str, ...]:
    """Returns for what a wallet is frozen that is thawed now; who was told of that is to be told of this."""
    found = freezes.list_freezes(session, wallet_id)
    note_thawed(session, found)
    return tuple(f"{reason} ({source})" for reason, source in found)


def _note(session: Session, wallet: WalletAt, what: dict[str, object], made_by: str | None) -> None:
    """Writes what was done into the change log of the wallet's paywall; a person's shared wallet is in none."""
    if wallet.paywall_id is not None:
        user = session.get_one(EndUser, wallet.end_user_id).external_id
        version = lock_paywall(session, wallet.paywall_id).version
        note_change(session, wallet.paywall_id, made_by, Section.USERS, version, {"user": user, **what})
