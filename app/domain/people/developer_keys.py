"""Keys of the Management API: up to ten of an account, each to read or for all, shown once, revoked by its person."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import BadField, NotFound, Refused
from app.domain.ids import as_id, new_id
from app.domain.key_text import hash_key, is_key, make_key
from app.domain.people.tables import DeveloperKey, PersonAccount
from app.sql.columns import table_of

PREFIX = "sk-coinslot-dev-"
KEYS_MAX = 10
NAME_CHARACTERS_MAX = 60

_KEYS = table_of(DeveloperKey)


@dataclass(frozen=True, slots=True)
class DeveloperKeyView:
    """A key as it may be shown."""

    id: str
    account_id: str
    name: str
    last_four: str
    may_write: bool
    created_at: int


def is_developer_key(key: str) -> bool:
    """Tells whether a text could be a developer's key, without asking the database."""
    return is_key(key, PREFIX)


def make_developer_key(session: Session, account_id: str, name: str, *, may_write: bool) -> str:
    """Makes a key and returns it in clear. Raises BadField for the name, Refused for an eleventh."""
    if not 1 <= len(name) <= NAME_CHARACTERS_MAX or not name.isprintable():
        raise BadField("name", f"`name` must have 1 to {NAME_CHARACTERS_MAX} printable characters.")
    # Two that are made at once are counted one after the other.
    session.get_one(PersonAccount, account_id, with_for_update={"key_share": True}, populate_existing=True)
    few = select(func.count()).where(_KEYS.c.account_id == account_id, _KEYS.c.revoked_at.is_(None))
    if (session.scalar(few) or 0) >= KEYS_MAX:
        raise Refused(f"An account has at most {KEYS_MAX} developer keys. Revoke one first.")
    key = make_key(PREFIX)
    session.add(DeveloperKey(id=new_id("dev"), account_id=account_id, name=name, hash=hash_key(key),
                             last_four=key[-4:], may_write=int(may_write), created_at=clock.now()))  # fmt: skip
    session.flush()
    return key


def revoke_developer_key(session: Session, account_id: str, key_id: str) -> None:
    """Revokes an account's key, from the next call on. Raises NotFound for anybody else's."""
    own = (_KEYS.c.id == as_id(key_id), _KEYS.c.account_id == account_id, _KEYS.c.revoked_at.is_(None))
    if not session.execute(update(_KEYS).where(*own).values(revoked_at=clock.now())).rowcount:  # type: ignore[attr-defined]
        raise NotFound("There is no such key.")


def list_developer_keys(session: Session, account_id: str) -> Sequence[DeveloperKeyView]:
    """Returns an account's keys that work, the newest first."""
    found = select(_KEYS).where(_KEYS.c.account_id == account_id, _KEYS.c.revoked_at.is_(None))
    return [_view(row) for row in session.execute(found.order_by(_KEYS.c.id.desc()))]


def find_developer_key(session: Session, key: str) -> DeveloperKeyView | None:
    """Returns what a key stands for, None for one that is unknown or revoked."""
    found = select(_KEYS).where(_KEYS.c.hash == hash_key(key), _KEYS.c.revoked_at.is_(None))
    row = session.execute(found).first()
    return None if row is None else _view(row)


def _view(row: object) -> DeveloperKeyView:
    names = ("id", "account_id", "name", "last_four", "created_at")
    values = {name: getattr(row, name) for name in names}
    return DeveloperKeyView(may_write=bool(row.may_write), **values)  # type: ignore[attr-defined]
