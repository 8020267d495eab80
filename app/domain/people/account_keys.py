"""An account's API key: one at a time, shown once, made anew or revoked by its person. It pays with their credits."""

import hmac
from dataclasses import dataclass
from itertools import count

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.ids import new_id
from app.domain.key_text import hash_key, is_key, make_key
from app.domain.ledger.apply import apply_all
from app.domain.ledger.operations import BumpEpoch
from app.domain.money import Environment
from app.domain.people.tables import AccountKey
from app.sql.columns import table_of

PREFIX = "sk-coinslot-user-"

_KEYS = table_of(AccountKey)


@dataclass(frozen=True, slots=True)
class AccountKeyView:
    """An account's key as it may be shown."""

    last_four: str
    created_at: int


@dataclass(frozen=True, slots=True)
class FoundKey:
    """An account's key that works: whose it is, and of which environment."""

    id: str
    account_id: str
    environment: Environment


def is_account_key(key: str) -> bool:
    """Tells whether a text could be an account's key, without asking the database."""
    return is_key(key, PREFIX)


def epoch_subject(key_id: str) -> str:
    """Returns the subject of the ledger epoch that a revocation of this key bumps."""
    return f"key:{key_id}"


def make_account_key(
    session: Session, account_id: str, environment: Environment = Environment.SANDBOX, random: bytes | None = None
) -> str:
    """Makes a new key and returns it in clear; the one before is revoked. `random` (32 bytes) is for the demo's."""
    revoke_account_key(session, account_id)
    key = make_key(PREFIX, random)
    session.add(AccountKey(id=new_id("key"), account_id=account_id, hash=hash_key(key), last_four=key[-4:],
                           created_at=clock.now(), environment=environment.value))  # fmt: skip
    session.flush()
    return key


def keep_account_key(session: Session, account_id: str, environment: Environment, secret: bytes) -> str:
    """Returns the key that the demo always has of an account: the same at each start, until it was revoked."""
    names = (f"account_key:{account_id}:{number}" for number in count())
    randoms = (hmac.digest(secret, name.encode(), "sha256") for name in names)
    revoked = _KEYS.c.revoked_at.is_not(None)
    random = next(one for one in randoms
                  if not session.scalar(select(_KEYS.c.id).where(_KEYS.c.hash == _hash_of(one), revoked)))  # fmt: skip
    key = make_key(PREFIX, random)
    return key if find_owner(session, key) else make_account_key(session, account_id, environment, random)


def _hash_of(random: bytes) -> str:
    return hash_key(make_key(PREFIX, random))


def revoke_account_key(session: Session, account_id: str) -> None:
    """Revokes an account's key, if it has one, for the next charged request in every process."""
    works = (_KEYS.c.account_id == account_id, _KEYS.c.revoked_at.is_(None))
    ids = session.scalars(select(_KEYS.c.id).where(*works)).all()
    session.execute(update(_KEYS).where(_KEYS.c.id.in_(ids)).values(revoked_at=clock.now()))
    apply_all(session, [BumpEpoch(epoch_subject(key_id)) for key_id in ids])


def read_account_key(session: Session, account_id: str) -> AccountKeyView | None:
    """Returns the key that an account has, None if it has none."""
    row = session.execute(select(_KEYS).where(_KEYS.c.account_id == account_id, _KEYS.c.revoked_at.is_(None))).first()
    return None if row is None else AccountKeyView(row.last_four, row.created_at)


def find_owner(session: Session, key: str) -> FoundKey | None:
    """Returns whose key this is, None for one that is unknown or revoked."""
    row = session.execute(select(_KEYS).where(_KEYS.c.hash == hash_key(key), _KEYS.c.revoked_at.is_(None))).first()
    return None if row is None else FoundKey(row.id, row.account_id, Environment(row.environment))
