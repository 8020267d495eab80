"""What a wallet's owner is told: written with what makes it true, mailed behind it, once for each event."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.cards.tables import CardNotice, NoticeKind, OffReason
from app.domain.ids import derived_id
from app.sql.columns import table_of

FIRST_PAUSE_SECONDS = 60
"""How long a notice is left to whoever has just taken it, before another process tries; and once more as long as it is
old, so that a mailer that is away is asked less and less often."""

_ADD = text(
    "INSERT INTO card_notice (id, wallet_id, person_id, kind, topup_id, card_id, off_reason, created_at, next_at)"
    " VALUES (:id, :wallet, :person, :kind, :topup, :card, :reason, :now, :now) ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice as it is told."""

    id: str
    wallet_id: str
    person_id: str
    kind: NoticeKind
    topup_id: str | None
    card_id: str | None
    off_reason: OffReason | None
    age_seconds: int


def note(
    session: Session, wallet: tuple[str, str], kind: NoticeKind, source: str, *, topup_id: str | None = None,
    card_id: str | None = None, off_reason: OffReason | None = None,
) -> None:  # fmt: skip
    """Writes that the owner of a wallet (its id, and the person's) is to be told, once for each `source`."""
    wallet_id, person_id = wallet
    session.execute(_ADD, {
        "id": derived_id("ntc", wallet_id, kind.value, source), "wallet": wallet_id, "person": person_id,
        "kind": kind.value, "topup": topup_id, "card": card_id, "reason": off_reason and off_reason.value,
        "now": clock.now(),
    })  # fmt: skip


def has_due(session: Session) -> bool:
    """Tells whether somebody is to be told something now."""
    table = table_of(CardNotice)
    due = select(table.c.id).where(table.c.told_at.is_(None), table.c.next_at <= clock.now()).limit(1)
    return session.scalar(due) is not None


def take_due(session: Session, limit: int) -> Sequence[Notice]:
    """Returns what is to be told now, the oldest first; for a while nobody else gets it."""
    table, now = table_of(CardNotice), clock.now()
    due = select(CardNotice).where(table.c.told_at.is_(None), table.c.next_at <= now)
    rows = session.scalars(due.order_by(table.c.next_at).limit(limit).with_for_update(skip_locked=True)).all()
    for row in rows:
        row.next_at = now + max(FIRST_PAUSE_SECONDS * clock.SECOND, now - row.created_at)
    session.flush()
    return [
        Notice(r.id, r.wallet_id, r.person_id, r.kind, r.topup_id, r.card_id, r.off_reason,
               (now - r.created_at) // clock.SECOND)
        for r in rows
    ]  # fmt: skip


def note_told(session: Session, notice_id: str) -> None:
    """Notes that a notice was mailed."""
    row = session.get(CardNotice, notice_id, with_for_update=True)
    if row is not None and row.told_at is None:
        row.told_at = clock.now()
        session.flush()
