"""Which top-up a payment is of: found by its marks, or written anew where it is gone, as after a backup was restored.

All that is needed stands in the payment's own marks; a connection can only ever fund wallets whose money it holds.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.cards import sums
from app.domain.errors import BadOperation, NotFound
from app.domain.inbox.connections import SANDBOX, Connection, may_fund
from app.domain.instance import instance
from app.domain.ledger.accounts import Account, parse
from app.domain.money import nanos_of_cents
from app.domain.topups import topups
from app.domain.topups.tables import Topup, TopupKind, TopupStatus
from app.domain.topups.topups import CURRENCY, NewTopup, NotOurs
from app.domain.wallets.tables import EndUser, SharedWallet, Wallet
from app.ports.payments import Marks
from app.sql.columns import table_of


def is_ours(session: Session, connection: Connection, marks: Marks) -> bool:
    """Tells whether this instance wrote the marks; the sandbox's own signature says so of its old ones."""
    is_old = marks.instance == "" and connection.id == SANDBOX
    return is_old or marks.instance == instance.read_id(session)


def find_topup(session: Session, connection: Connection, marks: Marks) -> Topup:
    """Returns the top-up of a connection's payment, locked. Raises NotOurs, and NotFound for a wallet yet to come."""
    try:
        return topups.lock(session, connection.id, marks.topup_id)
    except NotFound:
        return restore(session, connection, marks)


def restore(session: Session, connection: Connection, marks: Marks) -> Topup:
    """Writes the top-up of a payment's marks, and returns it locked. Raises NotOurs where the marks cannot be right."""
    wallet = _wallet_of(marks)
    if wallet is None or marks.paid_cents <= 0 or marks.credited_nanos <= 0:
        raise NotOurs(f"There is no top-up {marks.topup_id}.")
    if not may_fund(session, connection, wallet):
        raise NotOurs(f"There is no top-up {marks.topup_id}, and {connection.id} holds no money of {wallet.owner}.")
    owner = _app_of(session, wallet)
    if owner is None and session.get(SharedWallet, wallet.owner) is None:
        # Whoever it is of has not come back since; a wallet that nobody can open would keep the money.
        raise NotFound(f"There is no wallet {wallet.owner} for {marks.topup_id} yet.")
    new = NewTopup(
        wallet=wallet,
        connection_id=connection.id,
        currency=CURRENCY,
        paid_cents=marks.paid_cents,
        # What the marks say may have been written by whoever owns the account.
        credited_nanos=min(marks.credited_nanos, nanos_of_cents(marks.paid_cents, wallet.unit)),
        paywall_id=owner and owner[0],
        user=owner and owner[1],
    )
    topups.create(session, new, marks.topup_id)
    _count(session, wallet.owner, marks)
    return topups.lock(session, connection.id, marks.topup_id)


def _count(session: Session, wallet_id: str, marks: Marks) -> None:
    """Counts an automatic top-up in its month again, as the number that it had, or the next one that is free.

    It stands as ended until it is credited, so that it is in no other charge's way, whatever becomes of it.
    """
    if marks.kind is TopupKind.CHECKOUT:
        return
    row = session.get_one(Topup, marks.topup_id)
    row.kind, row.status, row.finished_at = marks.kind, TopupStatus.EXPIRED, clock.now()
    if marks.kind is TopupKind.AUTO and marks.month:
        row.month, row.n = marks.month, sums.free_n(session, wallet_id, marks.month, marks.n)
    session.flush()


def _wallet_of(marks: Marks) -> Account | None:
    try:
        return parse(marks.account_id)
    except BadOperation:
        return None


def _app_of(session: Session, wallet: Account) -> tuple[str, str] | None:
    """Returns the paywall and its user whose app wallet this is, None for a wallet that no paywall owns."""
    wallets, users = table_of(Wallet), table_of(EndUser)
    found = session.execute(
        select(wallets.c.paywall_id, users.c.external_id)
        .join(users, users.c.id == wallets.c.end_user_id)
        .where(wallets.c.id == wallet.owner)
    ).first()
    return None if found is None else (found.paywall_id, found.external_id)
