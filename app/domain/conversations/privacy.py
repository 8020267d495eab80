"""What an account wants kept of its texts: all that its conversations hold, or nothing (`decisions.md` 37)."""

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.conversations.conversations import CONVERSATIONS, TURNS, take_account
from app.domain.conversations.tables import AccountPrivacy


def keeps_nothing(session: Session, account_id: str) -> bool:
    """Tells whether nothing of an account's texts may be kept."""
    row = session.get(AccountPrivacy, account_id)
    return row is not None and bool(row.zero_retention)


def set_zero_retention(session: Session, account_id: str, *, is_on: bool) -> int:
    """Keeps no text of an account from now on, or keeps them again; returns how many conversations that deleted.

    An answer that is running now is not kept either: whoever keeps one asks in the same turns.
    """
    take_account(session, account_id)
    row = session.get(AccountPrivacy, account_id, with_for_update=True, populate_existing=True)
    if row is None:
        row = AccountPrivacy(account_id=account_id, zero_retention=0, changed_at=clock.now())
        session.add(row)
    row.zero_retention, row.changed_at = int(is_on), clock.now()
    session.flush()
    return delete_all(session, account_id) if is_on else 0


def delete_all(session: Session, account_id: str) -> int:
    """Deletes every conversation of an account, and returns how many there were."""
    ids = list(session.scalars(select(CONVERSATIONS.c.id).where(CONVERSATIONS.c.account_id == account_id)))
    session.execute(delete(TURNS).where(TURNS.c.account_id == account_id))
    session.execute(delete(CONVERSATIONS).where(CONVERSATIONS.c.account_id == account_id))
    return len(ids)
