"""The playground of a paywall: off until its owner opens it, at a random address that is gone once it is closed.

A visitor is known by a cookie alone. Their id in a paywall is made of it and cannot be turned back, so that whoever
reads the id, in a link or in the developer's list, cannot stand in their place.
"""

import secrets
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.errors import BadField
from app.domain.ids import BASE62, derived_id
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import BumpEpoch
from app.domain.paywalls.tables import PaywallRow
from app.sql.columns import table_of

KEY_ID = "playground"
"""What stands in the place of the key of a request that came by a playground; no key has this id."""
SLUG_CHARACTERS = 22
"""131 random bits."""
REQUESTS_PER_HOUR_MAX = 10_000
VISITOR = "play"
TOKEN_CHARACTERS = 32


@dataclass(frozen=True, slots=True)
class Playground:
    """A playground as its paywall's row has it; `slug` is the last part of its address, None while it is closed."""

    slug: str | None
    requests_per_hour: int


def epoch_subject(paywall_id: str) -> str:
    """Returns the subject of the ledger epoch that opening and closing a playground bumps."""
    return f"playground:{paywall_id}"


def read_playground(session: Session, paywall_id: str) -> Playground:
    """Returns the playground of a paywall."""
    row = session.get_one(PaywallRow, paywall_id)
    return Playground(row.slug, row.playground_per_hour)


def set_playground(session: Session, paywall_id: str, *, is_open: bool, requests_per_hour: int) -> bool:
    """Opens or closes the playground of a paywall, which must be locked, and bounds it; tells whether that is new.

    One that is opened again has a new address: the old one was given up. Closing holds for the next charged request in
    every process. Raises BadField for a bound that is none.
    """
    if not 1 <= requests_per_hour <= REQUESTS_PER_HOUR_MAX:
        raise BadField("requests_per_hour", f"`requests_per_hour` must be from 1 to {REQUESTS_PER_HOUR_MAX:,}.")
    row = session.get_one(PaywallRow, paywall_id)
    slug = (row.slug or _new_slug()) if is_open else None
    if (slug, requests_per_hour) == (row.slug, row.playground_per_hour):
        return False
    row.slug, row.playground_per_hour = slug, requests_per_hour
    session.flush()
    apply_one(session, BumpEpoch(epoch_subject(paywall_id)))
    return True


def find_playground(session: Session, slug: str) -> str | None:
    """Returns the paywall whose open playground has this address, None where none has."""
    if not is_slug(slug):
        return None
    paywalls = table_of(PaywallRow)
    is_open = (paywalls.c.slug == slug) & paywalls.c.archived_at.is_(None)
    return session.scalar(select(paywalls.c.id).where(is_open))


def is_slug(text: str) -> bool:
    """Tells whether a text, which may be anybody's, could be the last part of a playground's address."""
    return len(text) == SLUG_CHARACTERS and set(text) <= set(BASE62)


def new_token() -> str:
    """Returns what a browser keeps so that its visitor is known again; nobody else may learn it."""
    return _random(TOKEN_CHARACTERS)


def is_token(text: str) -> bool:
    """Tells whether a text, which may be anybody's, could be what a browser keeps."""
    return len(text) == TOKEN_CHARACTERS and set(text) <= set(BASE62)


def visitor_of(paywall_id: str, token: str) -> str:
    """Returns the id of a visitor in a paywall; in another one it is another, so that nobody can compare them."""
    return derived_id(VISITOR, "playground", paywall_id, token)


def _new_slug() -> str:
    return _random(SLUG_CHARACTERS)


def _random(characters: int) -> str:
    return "".join(secrets.choice(BASE62) for _ in range(characters))
