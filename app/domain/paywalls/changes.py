"""The change log: who changed which section of a paywall, when, and what; a row is written once and never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.ids import new_id
from app.domain.paywalls.tables import Change
from app.sql.columns import table_of

CATALOGUE = "catalogue"
"""Who made what the catalogue's list brought about."""


class Section(StrEnum):
    """What of a paywall is changed as one."""

    PROVIDERS = "providers"
    """Who answers its requests."""
    PRICES = "prices"
    """What its models cost."""
    MESSAGES = "messages"
    """What it says in an answer's place."""
    LIMITS = "limits"
    """How much each user, each key and all together may use."""
    PROFILE = "profile"
    """What it is called, where it is, how it treats its users."""
    OVERRIDES = "overrides"
    """Limits of single users and keys, which are no part of a version."""
    KEYS = "keys"
    """What its app calls with; no part of a version."""
    USERS = "users"
    """Who is blocked, whose wallet is frozen; no part of a version."""
    WEBHOOKS = "webhooks"
    """Whom it tells of what happens; no part of a version."""
    PAYMENTS = "payments"
    """Whose account its users' card payments go to; no part of a version."""
    VERSION = "version"
    """All of it: made, or rolled back."""
    ZONE = "zone"
    """In whose days its numbers are shown; no part of a version."""
    PLAYGROUND = "playground"
    """Whether anybody with its address may try it, and how often an hour; no part of a version."""
    ALERTS = "alerts"
    """Of which amount of charges in a month its developer is told; no part of a version."""
    ARCHIVE = "archive"
    """Whether it is archived; no part of a version."""
    OWNER = "owner"
    """Whose it is; no part of a version."""


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A change as it is read; `made_by` is an account's id, an app's key, `catalogue`, or None for a command."""

    id: str
    made_by: str | None
    section: Section
    version: int
    what: Mapping[str, Any]
    created_at: int


def note_change(
    session: Session, paywall_id: str, made_by: str | None, section: Section, version: int, what: Mapping[str, Any]
) -> None:
    """Writes what was changed, in the transaction that changes it; `what` holds no secret and no words of messages."""
    session.add(Change(id=new_id("chg"), paywall_id=paywall_id, made_by=made_by, section=section.value,
                       version=version, what=dict(what), created_at=clock.now()))  # fmt: skip
    session.flush()


def read_changes(session: Session, paywall_id: str, count: int) -> list[ChangeView]:
    """Returns the newest changes of a paywall, the newest first."""
    changes = table_of(Change)
    rows = session.execute(
        select(changes).where(changes.c.paywall_id == paywall_id).order_by(changes.c.id.desc()).limit(count)
    )
    return [_view(row) for row in rows]


def read_changes_of(session: Session, paywall_id: str, section: Section, count: int) -> list[ChangeView]:
    """Returns the newest changes of one section, the newest first."""
    changes = table_of(Change)
    is_of_it = (changes.c.paywall_id == paywall_id) & (changes.c.section == section.value)
    rows = session.execute(select(changes).where(is_of_it).order_by(changes.c.id.desc()).limit(count))
    return [_view(row) for row in rows]


def read_changes_since(session: Session, paywall_id: str, version: int, count: int) -> list[ChangeView]:
    """Returns what made the versions after one, the oldest first."""
    changes = table_of(Change)
    is_later = (changes.c.paywall_id == paywall_id) & (changes.c.version > version)
    rows = session.execute(select(changes).where(is_later).order_by(changes.c.id).limit(count))
    return [_view(row) for row in rows]


def _view(row: Any) -> ChangeView:
    return ChangeView(row.id, row.made_by, Section(row.section), row.version, row.what, row.created_at)
