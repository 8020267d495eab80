"""What the page of keys shows: never a key, only what it may be recognised by."""

from dataclasses import dataclass, field

from app.db import Session
from app.domain.paywalls.changes import Section, read_changes_of
from app.domain.paywalls.keys import KEYS_MAX, KeyView, list_keys
from app.domain.usage.key_uses import read_last_uses
from app.web.developer.frame.who import name_of
from app.web.frame.format import ago

CHANGES_MAX = 60


@dataclass(frozen=True)
class KeyRow:
    """A key; `used` says when it was last used, `ended` when it was revoked, empty for one that works."""

    id: str = ""
    name: str = ""
    last_four: str = ""
    made: str = ""
    used: str = ""
    ended: str = ""


@dataclass(frozen=True)
class KeysPage:
    """The keys that work, and the last that were revoked."""

    working: list[KeyRow] = field(default_factory=list)
    revoked: list[KeyRow] = field(default_factory=list)
    count: str = ""
    is_full: bool = False
    make_url: str = ""


def read_keys_page(session: Session, paywall_id: str) -> KeysPage:
    """Reads the keys of a paywall."""
    found = list_keys(session, paywall_id)
    made, revoked = _by_whom(session, paywall_id)
    uses = read_last_uses(session, paywall_id, [key.id for key in found])
    rows = [_row(key, uses.get(key.id), made.get(key.id, ""), revoked.get(key.id, "")) for key in found]
    working, ended = [row for row in rows if not row.ended], [row for row in rows if row.ended]
    return KeysPage(working, ended, f"{len(working)} of {KEYS_MAX}", len(working) >= KEYS_MAX,
                    f"/manage/paywalls/{paywall_id}/keys")  # fmt: skip


def _by_whom(session: Session, paywall_id: str) -> tuple[dict[str, str], dict[str, str]]:
    """Returns who made and who revoked keys, by the keys' ids, as far back as the newest changes of keys say."""
    found: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for change in read_changes_of(session, paywall_id, Section.KEYS, CHANGES_MAX):
        for words, by in zip(("made", "revoked"), found, strict=True):
            if (key_id := change.what.get(words)) is not None:
                by[key_id] = f" by {name_of(session, change.made_by)}"
    return found


def _row(key: KeyView, used_at: int | None, made_by: str, revoked_by: str) -> KeyRow:
    return KeyRow(
        id=key.id,
        name=key.name or "Without a name",
        last_four=key.last_four,
        made=f"made {ago(key.created_at)}{made_by}",
        used="never used" if used_at is None else f"last used {ago(used_at)}",
        ended="" if key.revoked_at is None else f"revoked {ago(key.revoked_at)}{revoked_by}",
    )
