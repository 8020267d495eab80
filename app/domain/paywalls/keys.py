"""Keys of paywalls; the prefix says of which environment (`http-api.md`). Only a SHA-256 is ever stored."""

import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import BadField, NotFound, Refused
from app.domain.ids import new_id
from app.domain.key_text import hash_key, is_key, make_key
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import BumpEpoch
from app.domain.money import Environment
from app.domain.paywalls.tables import PaywallKey, PaywallRow
from app.sql.columns import table_of

KEYS_MAX = 5
KEY_NAME_CHARACTERS_MAX = 40
REVOKED_SHOWN_MAX = 20
_PREFIXES = {Environment.LIVE: "sk-coinslot-", Environment.SANDBOX: "sk-coinslot-test-"}


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key as it may be shown; `name` is its developer's own word, empty for one without."""

    id: str
    name: str
    last_four: str
    created_at: int
    revoked_at: int | None


def new_key(environment: Environment, random: bytes | None = None) -> str:
    """Returns a new key in clear; `random` (32 bytes) is given only to derive the demo's."""
    return make_key(_PREFIXES[environment], random)


def derive_key(environment: Environment, secret: bytes, name: str) -> str:
    """Returns the key that an instance always has under a name: the demo's, the same at each start."""
    return new_key(environment, hmac.digest(secret, f"key:{name}".encode(), "sha256"))


def is_well_formed(key: str) -> bool:
    """Tells whether a key of a paywall could be real, without asking the database."""
    return is_key(key, _PREFIXES[Environment.SANDBOX], _PREFIXES[Environment.LIVE])


def epoch_subject(key_id: str) -> str:
    """Returns the subject of the ledger epoch that a revocation of this key bumps."""
    return f"key:{key_id}"


def check_name(name: str) -> str:
    """Returns what a key is called, without the space around it. Raises BadField."""
    name = name.strip()
    if len(name) > KEY_NAME_CHARACTERS_MAX or not name.isprintable():
        raise BadField("name", f"`name` must be one line of at most {KEY_NAME_CHARACTERS_MAX} characters.")
    return name


def list_keys(session: Session, paywall_id: str) -> list[KeyView]:
    """Returns the keys of a paywall: those that work, the newest first, then the last that were revoked."""
    keys = table_of(PaywallKey)
    of_paywall = select(keys).where(keys.c.paywall_id == paywall_id)
    working = of_paywall.where(keys.c.revoked_at.is_(None)).order_by(keys.c.created_at.desc(), keys.c.id)
    revoked = of_paywall.where(keys.c.revoked_at.is_not(None)).order_by(keys.c.revoked_at.desc(), keys.c.id)
    rows = [*session.execute(working), *session.execute(revoked.limit(REVOKED_SHOWN_MAX))]
    return [KeyView(row.id, row.name, row.last_four, row.created_at, row.revoked_at) for row in rows]


def has_working_key(session: Session, paywall_id: str) -> bool:
    """Tells whether any key of a paywall works."""
    keys = table_of(PaywallKey)
    working = select(keys.c.id).where(keys.c.paywall_id == paywall_id, keys.c.revoked_at.is_(None)).limit(1)
    return session.scalar(working) is not None


def name_keys(session: Session, key_ids: Collection[str]) -> Mapping[str, str]:
    """Returns what these keys are called, by their ids; revoked ones too, and none that does not exist."""
    keys = table_of(PaywallKey)
    rows = session.execute(select(keys.c.id, keys.c.name, keys.c.last_four).where(keys.c.id.in_(key_ids)))
    return {row.id: row.name or f"Key …{row.last_four}" for row in rows}


def add_key(session: Session, paywall_id: str, key: str, name: str = "") -> KeyView:
    """Stores a key of a paywall; a key that is stored already changes nothing.

    Raises Refused if the paywall has five keys that are not revoked, BadField for a name that none can have.
    """
    name = check_name(name)
    # Whoever adds a key to this paywall at the same time waits here, so that both cannot be the fifth.
    paywalls = table_of(PaywallRow)
    session.execute(select(paywalls.c.id).where(paywalls.c.id == paywall_id).with_for_update(key_share=True))
    stored = session.scalar(select(PaywallKey).where(PaywallKey.hash == hash_key(key)))  # type: ignore[arg-type]
    if stored is None:
        active = select(func.count()).where(PaywallKey.paywall_id == paywall_id, PaywallKey.revoked_at.is_(None))  # type: ignore[arg-type,union-attr]
        if (session.scalar(active) or 0) >= KEYS_MAX:
            raise Refused(f"{paywall_id} has {KEYS_MAX} keys; revoke one first.")
        stored = PaywallKey(id=new_id("key"), paywall_id=paywall_id, name=name, hash=hash_key(key),
                            last_four=key[-4:], created_at=clock.now())  # fmt: skip
        session.add(stored)
        session.flush()
    return KeyView(stored.id, stored.name, stored.last_four, stored.created_at, stored.revoked_at)


def check_key(session: Session, paywall_id: str, key_id: str) -> None:
    """Raises NotFound for a key that is none of the paywall's."""
    stored = session.get(PaywallKey, key_id)
    if stored is None or stored.paywall_id != paywall_id:
        raise NotFound(f"{paywall_id} has no key {key_id[:64]}.")


def revoke_key(session: Session, paywall_id: str, key_id: str) -> None:
    """Revokes a key for the next charged request in every process. Raises NotFound for another paywall's."""
    stored = session.get(PaywallKey, key_id)
    if stored is None or stored.paywall_id != paywall_id:
        raise NotFound(f"{paywall_id} has no key {key_id}.")
    if stored.revoked_at is None:
        stored.revoked_at = clock.now()
        session.flush()
        apply_one(session, BumpEpoch(epoch_subject(key_id)))


def read_endings(session: Session, paywall_id: str) -> dict[str, str]:
    """Returns the last four characters of each key of a paywall that works, by its id."""
    keys = table_of(PaywallKey)
    is_working = (keys.c.paywall_id == paywall_id) & keys.c.revoked_at.is_(None)
    rows = session.execute(select(keys.c.id, keys.c.last_four).where(is_working).order_by(keys.c.id))
    return {row.id: row.last_four for row in rows}
