"""Providers that refuse a paywall's requests for its key's sake: since when, with which status, in which words.

What stands here was true of the last answer: whatever a provider answers takes it away.
"""

from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.domain.providers.tables import ProviderRefusal
from app.sql.columns import table_of

STATUSES = (401, 402, 403)
"""What a provider answers where not the request is wrong, but who asks: no such key, not paid, not allowed."""
WORDS_CHARACTERS_MAX = 300
LISTED_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """A provider that has refused since `since` and did so last at `last_at`, both in microseconds since 1970.

    `words` are the provider's own, as far as it said any: cleaned of keys, and no more to be trusted than any text
    from outside. They are at most 300 characters.
    """

    paywall_id: str
    provider: str
    status: int
    words: str
    since: int
    last_at: int


def note(session: Session, refusal: Refusal) -> None:
    """Notes that a provider refuses. What it said before stays only as the time since when.

    Of two that note the same for the first time at once, one raises IntegrityError and is run again.
    """
    words = refusal.words[:WORDS_CHARACTERS_MAX]
    row = session.get(ProviderRefusal, (refusal.paywall_id, refusal.provider), with_for_update=True)
    if row is None:
        session.add(ProviderRefusal(paywall_id=refusal.paywall_id, provider=refusal.provider, status=refusal.status,
                                    words=words, since=refusal.since, last_at=refusal.last_at))  # fmt: skip
    elif refusal.last_at > row.last_at:
        row.status, row.words, row.last_at = refusal.status, words, refusal.last_at
    session.flush()


def forget(session: Session, paywall_id: str, provider: str, until: int | None = None) -> None:
    """Forgets that a provider refused: it has answered, or has another key. What it refused after `until` stays."""
    table = table_of(ProviderRefusal)
    where = [table.c.paywall_id == paywall_id, table.c.provider == provider]
    if until is not None:
        where.append(table.c.last_at <= until)
    session.execute(delete(ProviderRefusal).where(*where))


def list_of(session: Session, paywall_id: str) -> list[Refusal]:
    """Returns which providers of a paywall refuse, the longest first."""
    table = table_of(ProviderRefusal)
    rows = session.execute(
        select(table).where(table.c.paywall_id == paywall_id).order_by(table.c.since, table.c.provider)
    )
    return [Refusal(**row._mapping) for row in rows]


def list_all(session: Session) -> list[Refusal]:
    """Returns which providers refuse anywhere on this instance, the longest first; 1,000 at most."""
    table = table_of(ProviderRefusal)
    rows = session.execute(
        select(table).order_by(table.c.since, table.c.paywall_id, table.c.provider).limit(LISTED_MAX)
    )
    return [Refusal(**row._mapping) for row in rows]
