"""What an operator does about a wallet by hand: freeze it, thaw it, write off what it owes. Each is logged."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import db
from app.domain.ledger.accounts import Account
from app.domain.ledger.apply import apply_all
from app.domain.ledger.folding import read_balance
from app.domain.money import format_decimal
from app.domain.operators.operators import Operator, note_change
from app.domain.wallets import freezes
from app.domain.wallets.freezes import WalletAt, find_wallet
from app.domain.wallets.tables import EndUser, FreezeReason
from app.flows.disputes.debts import Thawed, thaw, write_off_debt


async def freeze_wallet(operator: Operator, wallet_id: str) -> None:
    """Lets a wallet be charged no more, for an operator's own reason; once. Raises NotFound."""

    def write(session: Session) -> None:
        apply_all(session, freezes.freeze(session, wallet_id, FreezeReason.OPERATOR))
        note_change(session, operator, wallet_id, {"frozen": True})

    await db.in_transaction(write, writes=True)


async def thaw_wallet(operator: Operator, wallet_id: str) -> Thawed:
    """Lets a wallet be charged again, whyever it was frozen. Raises NotFound, Refused for one that owes money."""

    def write(session: Session) -> Thawed:
        done = thaw(session, wallet_id, operator.account_id)
        note_change(session, operator, wallet_id, {"frozen": False, "was": list(done.reasons)})
        return done

    return await db.in_transaction(write, writes=True)


async def write_off(operator: Operator, wallet_id: str) -> Thawed:
    """Pays what a wallet owes out of the operator's capital, and thaws it. Raises NotFound, Refused for no debt."""

    def write(session: Session) -> Thawed:
        done = write_off_debt(session, wallet_id, operator.account_id)
        written_off = format_decimal(done.written_off_nanos)
        note_change(session, operator, wallet_id, {"written_off": written_off, "was": list(done.reasons)})
        return done

    return await db.in_transaction(write, writes=True)


@dataclass(frozen=True, slots=True)
class FoundWallet:
    """A wallet as an operator looks at it: `whose` is the app's own id of a user, or a person's account."""

    id: str
    paywall_id: str | None
    whose: str
    account: Account
    balance_nanos: int
    reasons: tuple[str, ...]


def find_wallets(session: Session, words: str, limit: int) -> Sequence[FoundWallet]:
    """Returns wallets by their id, by an app's id of a user, or by a person's e-mail address, each as it is written.

    Without words it returns those that are frozen, the last frozen first.
    """
    if words and not words.isprintable():
        return []  # PostgreSQL refuses to look for some characters, and nothing is called so
    ids = _ids(session, words, limit) if words else session.scalars(_FROZEN, {"limit": limit}).all()
    return [_found(session, find_wallet(session, wallet_id)) for wallet_id in ids]


_FROZEN = text("SELECT wallet_id FROM wallet_freeze GROUP BY wallet_id ORDER BY max(created_at) DESC LIMIT :limit")
_BY_WORDS = text("""
    SELECT id FROM wallet WHERE id = :words
    UNION SELECT id FROM shared_wallet WHERE id = :words
    UNION SELECT w.id FROM wallet w JOIN end_user u ON u.id = w.end_user_id WHERE u.external_id = :words
    UNION SELECT s.id FROM shared_wallet s JOIN account a ON a.id = s.person_id WHERE a.email = :words
    LIMIT :limit
""")


def _ids(session: Session, words: str, limit: int) -> Sequence[str]:
    return session.scalars(_BY_WORDS, {"words": words, "limit": limit}).all()


def _found(session: Session, wallet: WalletAt) -> FoundWallet:
    whose = wallet.person_id or ""
    if wallet.end_user_id is not None:
        whose = session.get_one(EndUser, wallet.end_user_id).external_id
    reasons = tuple(f"{reason} ({source})" for reason, source in freezes.list_freezes(session, wallet.id))
    balance = read_balance(session, wallet.account)
    return FoundWallet(wallet.id, wallet.paywall_id, whose, wallet.account, balance, reasons)
