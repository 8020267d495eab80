"""Deliveries: pending → success | error. Each is claimed for a while by whoever sends it, and tried eight times.

A claim that has run out is anybody's: what its process did not live to say is sent again.
"""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, exists, or_, select, text, type_coerce, update
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import BadField, NotFound
from app.domain.events.made import Made
from app.domain.events.tables import DeliveryStatus, PaywallEvent, WebhookDelivery, WebhookSubscription
from app.domain.ids import new_id
from app.sql.columns import Words, table_of

ATTEMPTS_MAX = 8
JITTER = 0.2
"""By how much a pause may be shorter or longer, as a share."""

RETRY_AFTER_SECONDS_MAX = 24 * 3600
"""For how long at most an endpoint may ask us to wait."""

FINAL_CODES = frozenset({400, 401, 403, 404, 410, 422})
GONE = 410
ERROR_CHARACTERS_MAX = 300

_TABLE, _EVENTS = table_of(WebhookDelivery), table_of(PaywallEvent)
_SUBSCRIPTIONS = table_of(WebhookSubscription)
# As a literal, without which SQLite would not use the index of the few rows that are pending.
_IS_PENDING = text("webhook_delivery.status = 'pending'")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours to send until `until`."""

    id: str
    subscription_id: str
    attempts: int
    until: int
    event: Made


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt went: the endpoint's status, or None with the reason why there is none.

    `said` is how its answer began, `retry_after_seconds` for how long it asks us to wait. What `is_ours` says nothing
    of the endpoint; what `is_final` cannot succeed by trying again.
    """

    code: int | None
    latency_ms: int
    error: str | None = None
    retry_after_seconds: int = 0
    is_ours: bool = False
    is_final: bool = False
    said: str | None = None

    @property
    def is_success(self) -> bool:
        """Whether the endpoint took it: any 2xx."""
        return self.code is not None and 200 <= self.code < 300


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A delivery as its developer sees it. Times are in microseconds."""

    id: str
    subscription_id: str
    status: DeliveryStatus
    attempts: int
    last_attempt_at: int | None
    next_attempt_at: int | None
    response_code: int | None
    response_latency_ms: int | None
    error: str | None
    answer: str | None
    replay_of: str | None
    created_at: int
    updated_at: int
    event: Made


def due_subscriptions(session: Session) -> list[str]:
    """Returns the active subscriptions that something waits for now."""
    waits = exists().where(_TABLE.c.subscription_id == _SUBSCRIPTIONS.c.id, *_due(clock.now()))
    return list(session.scalars(select(_SUBSCRIPTIONS.c.id).where(_SUBSCRIPTIONS.c.is_active == 1, waits)))


def claim(session: Session, subscription_id: str, count: int, seconds: float) -> list[Claimed]:
    """Claims up to `count` deliveries of a subscription that are due, the longest waiting first."""
    now = clock.now()
    until = now + int(seconds * clock.SECOND)
    chosen = (
        select(_TABLE.c.id)
        .where(_TABLE.c.subscription_id == subscription_id, *_due(now))
        .order_by(_TABLE.c.next_attempt_at)
        .limit(count)
        .with_for_update(skip_locked=True)
    )
    ids = list(session.scalars(chosen))
    if not ids:
        return []
    session.execute(update(_TABLE).where(_TABLE.c.id.in_(ids)).values(claimed_until=until))
    rows = session.execute(
        select(_TABLE.c.id.label("delivery_id"), _TABLE.c.attempts, *_EVENT_COLUMNS)
        .join(_EVENTS, _EVENTS.c.id == _TABLE.c.event_id)
        .where(_TABLE.c.id.in_(ids))
        .order_by(_TABLE.c.next_attempt_at)
    )
    return [Claimed(row.delivery_id, subscription_id, row.attempts, until, _event(row)) for row in rows]


def _due(now: int) -> tuple[Any, ...]:
    is_free = or_(_TABLE.c.claimed_until.is_(None), _TABLE.c.claimed_until < now)
    return _IS_PENDING, _TABLE.c.next_attempt_at <= now, is_free


def note(session: Session, claimed: Claimed, outcome: Outcome, base_seconds: float) -> bool:
    """Keeps how an attempt went, and when the next one is; False if the claim had run out and is another's.

    The pause after the first failure is `base_seconds`, and doubles, and is at least what the endpoint asked for, up to
    a day; what cannot succeed by trying is not tried again.
    """
    now, attempts = clock.now(), claimed.attempts + 1
    is_last = attempts >= ATTEMPTS_MAX or outcome.is_final or outcome.code in FINAL_CODES
    failed = DeliveryStatus.ERROR if is_last else DeliveryStatus.PENDING
    status = DeliveryStatus.SUCCESS if outcome.is_success else failed
    pause = base_seconds * 2 ** (attempts - 1) * random.uniform(1 - JITTER, 1 + JITTER)
    pause = max(pause, min(outcome.retry_after_seconds, RETRY_AFTER_SECONDS_MAX))
    changed = session.execute(
        update(_TABLE)
        .where(_TABLE.c.id == claimed.id, _TABLE.c.claimed_until == claimed.until)
        .values(
            status=status,
            attempts=attempts,
            next_attempt_at=now + int(pause * clock.SECOND) if status is DeliveryStatus.PENDING else None,
            claimed_until=None,
            last_attempt_at=now,
            response_code=outcome.code,
            response_latency_ms=outcome.latency_ms,
            error=None if outcome.error is None else outcome.error[:ERROR_CHARACTERS_MAX],
            answer=outcome.said,
            updated_at=now,
        )
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]


def give_up(session: Session, delivery_id: str, error: str) -> None:
    """Ends a delivery whose outcome cannot even be noted, so that it is not sent for ever."""
    now = clock.now()
    session.execute(
        update(_TABLE)
        .where(_TABLE.c.id == delivery_id, _IS_PENDING)
        .values(status=DeliveryStatus.ERROR, error=error, next_attempt_at=None, claimed_until=None, updated_at=now)
    )


def list_log(
    session: Session,
    paywall_id: str,
    *,
    subscription_id: str | None = None,
    status: DeliveryStatus | None = None,
    event_type: str | None = None,
    before: str | None = None,
    limit: int = 20,
) -> list[LogEntry]:
    """Returns a paywall's deliveries, the newest first; those older than `before`, the id of one, if asked.

    Raises BadField for a `before` that is none of theirs.
    """
    statement = _log_entries().where(_TABLE.c.paywall_id == paywall_id)
    wanted = {_TABLE.c.subscription_id: subscription_id, _TABLE.c.status: status, _TABLE.c.event_type: event_type}
    for column, value in wanted.items():
        if value is not None:
            statement = statement.where(column == value)
    if before is not None:
        last = session.execute(
            select(_TABLE.c.created_at).where(_TABLE.c.id == before, _TABLE.c.paywall_id == paywall_id)
        ).first()
        if last is None:
            raise BadField("before", "`before` must be the id of a delivery.")
        at, id_ = _TABLE.c.created_at, _TABLE.c.id
        statement = statement.where((at < last.created_at) | ((at == last.created_at) & (id_ < before)))
    rows = session.execute(statement.order_by(_TABLE.c.created_at.desc(), _TABLE.c.id.desc()).limit(limit))
    return [_entry(row) for row in rows]


def read_of_event(session: Session, paywall_id: str, event_id: str) -> LogEntry:
    """Returns the newest delivery of an event of a paywall's. Raises NotFound."""
    of_event = (_TABLE.c.event_id == event_id, _TABLE.c.paywall_id == paywall_id)
    row = session.execute(_log_entries().where(*of_event).order_by(_TABLE.c.created_at.desc())).first()
    if row is None:
        raise NotFound(f"There is no delivery of {event_id}.")
    return _entry(row)


def replay(session: Session, paywall_id: str, delivery_id: str) -> LogEntry:
    """Sends an event to its subscription again, as a delivery of its own. Raises NotFound, BadField."""
    is_id = delivery_id.isascii() and delivery_id.isprintable()
    row = session.get(WebhookDelivery, delivery_id) if is_id else None
    if row is None or row.paywall_id != paywall_id:
        raise NotFound(f"There is no delivery {delivery_id}.")
    subscription = session.get(WebhookSubscription, row.subscription_id)
    if subscription is None or not subscription.is_active:
        raise BadField(None, "The subscription is not active; activate it first.", "subscription_inactive")
    now = clock.now()
    again = WebhookDelivery(
        id=new_id("whd"), paywall_id=paywall_id, subscription_id=row.subscription_id, event_id=row.event_id,
        event_type=row.event_type, status=DeliveryStatus.PENDING, attempts=0, next_attempt_at=now, replay_of=row.id,
        created_at=now, updated_at=now,
    )  # fmt: skip
    session.add(again)
    session.flush()
    return _entry(session.execute(_log_entries().where(_TABLE.c.id == again.id)).one())


def forget(session: Session, before: int, limit: int) -> int:
    """Forgets deliveries that ended before a time, and events that nobody is waiting for, some at a time."""
    ended = (
        select(_TABLE.c.id).where(_TABLE.c.created_at < before, _TABLE.c.status != DeliveryStatus.PENDING).limit(limit)
    )
    deliveries = session.execute(delete(_TABLE).where(_TABLE.c.id.in_(ended)))
    is_needed = exists().where(_TABLE.c.event_id == _EVENTS.c.id)
    old = select(_EVENTS.c.id).where(_EVENTS.c.created_at < before, _EVENTS.c.fanned_out_at.is_not(None), ~is_needed)
    events = session.execute(delete(_EVENTS).where(_EVENTS.c.id.in_(old.limit(limit))))
    return int(deliveries.rowcount + events.rowcount)  # type: ignore[attr-defined]


def _log_entries() -> Any:
    columns = [_TABLE.c[name].label(f"delivery_{name}") for name in _SHOWN]
    return select(*columns, *_EVENT_COLUMNS).join(_EVENTS, _EVENTS.c.id == _TABLE.c.event_id)


_SHOWN = ("id", "subscription_id", "status", "attempts", "last_attempt_at", "next_attempt_at", "response_code",
          "response_latency_ms", "error", "answer", "replay_of", "created_at", "updated_at")  # fmt: skip


def _entry(row: Any) -> LogEntry:
    shown: Mapping[str, Any] = {name: getattr(row, f"delivery_{name}") for name in _SHOWN}
    return LogEntry(**shown, event=_event(row))


# The data as it stands there: what cannot be read is its own event's matter, and not that of all that are read with it.
_EVENT_COLUMNS = (*(_EVENTS.c[name] for name in ("id", "paywall_id", "type", "version", "created_at")),
                  type_coerce(_EVENTS.c.data, Words()).label("data"))  # fmt: skip


def _event(row: Any) -> Made:
    data, flaw = _read(row.data)
    return Made(row.id, row.paywall_id, row.type, data, row.created_at, row.version, flaw)


def _read(stored: str) -> tuple[Mapping[str, Any], str | None]:
    """Returns an event's data, or nothing and what is wrong with it."""
    try:
        data = json.loads(stored)
    except (ValueError, RecursionError):
        return {}, "its data is no JSON that can be read"
    return (data, None) if isinstance(data, dict) else ({}, "its data is no object")
