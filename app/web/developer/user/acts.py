"""What people did to one user by hand: who, when, and what, as the change log has noted it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.db import Session
from app.domain.money import Unit, format_finely, parse_nanos
from app.domain.paywalls.changes import Section, read_changes_of
from app.web.developer.frame.who import name_of
from app.web.frame.format import ago, utc

LOOKED_MAX, ACTS_MAX = 500, 20
_TURNED = {"blocked": ("Let in again", "Blocked"), "frozen": ("Thawed", "Frozen")}
_MOVED = {"granted": "Granted", "refunded": "Given back"}


@dataclass(frozen=True)
class ActRow:
    """One thing that somebody did."""

    id: str = ""
    what: str = ""
    about: str = ""
    by: str = ""
    when: str = ""
    at: str = ""


def read_acts(session: Session, paywall_id: str, user: str, unit: Unit) -> list[ActRow]:
    """Returns what was done to a user, by the app's own id, the newest first, of what was done to users lately."""
    found = read_changes_of(session, paywall_id, Section.USERS, LOOKED_MAX)
    mine = [one for one in found if one.what.get("user") == user][:ACTS_MAX]
    return [
        ActRow(one.id, _what(one.what, unit), str(one.what.get("reason") or one.what.get("charge")
               or one.what.get("payment") or ""), name_of(session, one.made_by), ago(one.created_at),
               f"{utc(one.created_at)} UTC")
        for one in mine
    ]  # fmt: skip


def _what(what: Mapping[str, Any], unit: Unit) -> str:
    for name, words in _TURNED.items():
        if name in what:
            return words[bool(what[name])]
    for name, word in _MOVED.items():
        if name in what:
            return f"{word} {format_finely(parse_nanos(what[name]), unit)}"
    return "; ".join(f"{name.replace('_', ' ')} {value}" for name, value in what.items() if name != "user")
