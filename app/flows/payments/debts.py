"""What an operator does about wallets that were frozen, or that owe what a dispute took (`decisions.md` 13)."""

from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain.errors import Refused
from app.domain.ledger.apply import apply_one
from app.domain.ledger.folding import read_balance
from app.domain.money import format_for_people
from app.domain.paywalls.changes import Section, note_change
from app.domain.paywalls.paywall import lock_paywall
from app.domain.wallets import freezes
from app.domain.wallets.freezes import WalletAt, find_wallet
from app.domain.wallets.tables import EndUser

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
    return await db.in_transaction(partial(_thaw, wallet_id=wallet_id), writes=True)


def _thaw(session: Session, wallet_id: str) -> Thawed:
    wallet = find_wallet(session, wallet_id)
    owed = -read_balance(session, wallet.account)
    if owed > 0:
        amount = format_for_people(owed, wallet.account.unit)
        raise Refused(f"{wallet_id} owes {amount}, and stays frozen until that is paid or written off.")
    reasons = tuple(f"{reason} ({source})" for reason, source in freezes.list_freezes(session, wallet_id))
    for bump in freezes.thaw(session, wallet_id):
        apply_one(session, bump)
    _note(session, wallet, {"frozen": False})
    log.info("wallet_thawed", wallet=wallet_id, reasons=reasons)
    return Thawed(reasons)


def _note(session: Session, wallet: WalletAt, what: dict[str, object]) -> None:
    """Writes what was done into the change log of the wallet's paywall; a person's shared wallet is in none."""
    if wallet.paywall_id is not None:
        user = session.get_one(EndUser, wallet.end_user_id).external_id
        version = lock_paywall(session, wallet.paywall_id).version
        note_change(session, wallet.paywall_id, None, Section.USERS, version, {"user": user, **what})
