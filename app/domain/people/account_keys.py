"""An account's API key: one at a time, shown once, made anew or revoked by its person."""

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.ids import new_id
from app.domain.key_text import hash_key, is_key, make_key
from app.domain.people.tables import AccountKey
from app.sql.columns import table_of

PREFIX = "sk-coinslot-user-"

_KEYS = table_of(AccountKey)


@dataclass(frozen=True, slots=True)
class AccountKeyView:
    """An account's key as it may be shown."""

    last_four: str
    created_at: int


def is_account_key(key: str) -> bool:
    """Tells whether a text could be an account's key, without asking the database."""
    return is_key(key, PREFIX)


def make_account_key(session: Session, account_id: str) -> str:
    """Makes a new key and returns it in clear; the one before is revoked."""
    revoke_account_key(session, account_id)
    key = make_key(PREFIX)
    session.add(AccountKey(id=new_id("key"), account_id=account_id, hash=hash_key(key), last_four=key[-4:],
                           created_at=clock.now()))  # fmt: skip
    session.flush()
    return key


def revoke_account_key(session: Session, account_id: str) -> None:
    """Revokes an account's key, if it has one."""
    session.execute(
        update(_KEYS).where(_KEYS.c.account_id == account_id, _KEYS.c.revoked_at.is_(None)).values(
            revoked_at=clock.now()
        )
    )  # fmt: skip


def read_account_key(session: Session, account_id: str) -> AccountKeyView | None:
    """Returns the key that an account has, None if it has none."""
    row = session.execute(select(_KEYS).where(_KEYS.c.account_id == account_id, _KEYS.c.revoked_at.is_(None))).first()
    return None if row is None else AccountKeyView(row.last_four, row.created_at)


def find_owner(session: Session, key: str) -> str | None:
    """Returns the account whose key this is, None for one that is unknown or revoked."""
    return session.scalar(select(_KEYS.c.account_id).where(_KEYS.c.hash == hash_key(key), _KEYS.c.revoked_at.is_(None)))
