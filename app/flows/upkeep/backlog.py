"""What waits to be done or told, and which developers' endpoints do not take what they are told."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.domain.events.tables import DeliveryStatus, EndedBy, PaywallEvent, WebhookDelivery, WebhookSubscription
from app.domain.inbox import inbox
from app.domain.refunds.refunds import count_owed
from app.sql.columns import table_of

COUNTED_MAX = 10_000
FAILURES_MIN = 3
"""From how many deliveries in a row on an endpoint counts as failing."""


@dataclass(frozen=True, slots=True)
class FailingWebhook:
    """An endpoint that takes nothing. `ended_by` says why it is told nothing more, None where it still is."""

    id: str
    paywall_id: str
    url: str
    failures: int
    since: int
    ended_by: str | None
    error: str


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much waits, each counted up to `COUNTED_MAX`; of payment events some failed before."""

    events: int
    deliveries: int
    payments: int
    failed_payments: int
    refunds: int


def read_backlog(session: Session) -> Backlog:
    """Returns how much waits, by indexes that hold what waits and nothing else."""
    events, deliveries = table_of(PaywallEvent), table_of(WebhookDelivery)
    due = select(events.c.id).where(events.c.fanned_out_at.is_(None)).limit(COUNTED_MAX).subquery()
    pending = deliveries.c.status == DeliveryStatus.PENDING.value
    unsent = select(deliveries.c.id).where(pending).limit(COUNTED_MAX).subquery()
    first, second = (int(session.scalar(select(func.count()).select_from(part)) or 0) for part in (due, unsent))
    waiting = inbox.count_waiting(session).values()
    return Backlog(first, second, sum(count for count, _ in waiting), sum(count for _, count in waiting),
                   sum(count_owed(session).values()))  # fmt: skip


def list_failing(session: Session, limit: int) -> Sequence[FailingWebhook]:
    """Returns endpoints that fail now or were switched off for that, whose trouble is newest first."""
    endpoints, deliveries = table_of(WebhookSubscription), table_of(WebhookDelivery)
    is_off = endpoints.c.ended_by.in_([EndedBy.FAILURES.value, EndedBy.GONE.value])
    is_failing = (endpoints.c.is_active == 1) & (endpoints.c.consecutive_failures >= FAILURES_MIN)
    since = func.coalesce(endpoints.c.failing_since, endpoints.c.updated_at)
    rows = session.execute(
        select(endpoints, since.label("since")).where(or_(is_off, is_failing)).order_by(since.desc()).limit(limit)
    ).all()
    found = []
    for row in rows:
        said = select(deliveries.c.response_code, deliveries.c.error).where(
            deliveries.c.paywall_id == row.paywall_id, deliveries.c.subscription_id == row.id,
            deliveries.c.last_attempt_at.is_not(None),
        )  # fmt: skip
        last = session.execute(said.order_by(deliveries.c.created_at.desc()).limit(1)).first()
        words = "" if last is None else last.error or f"status {last.response_code}"
        found.append(FailingWebhook(row.id, row.paywall_id, row.url, row.consecutive_failures, row.since,
                                    row.ended_by, words))  # fmt: skip
    return found
