"""Subscriptions: an endpoint of a developer's, the events that it is told of, and the secret that signs them.

Secrets and headers come here sealed and are shown to nobody. A change of what is told bumps the paywall's epoch, so
that no request is held by anybody who does not know of it yet.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import BadField, NotFound
from app.domain.events.catalogue import EVENTS, matches
from app.domain.events.tables import DeliveryStatus, EndedBy, WebhookDelivery, WebhookSubscription
from app.domain.ids import new_id
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import BumpEpoch
from app.domain.paywalls.configuration import epoch_subject
from app.sql.columns import table_of

ACTIVE_MAX = 20
OVERLAP_SECONDS = 24 * 3600
"""How long the secret before a rotation signs too, unless its developer says otherwise."""

FAILURES_MAX = 20
FAILING_SECONDS_MAX = 3600
"""A subscription whose attempts all failed, this many and for this long, is made inactive."""

_TABLE = table_of(WebhookSubscription)
_DELIVERIES = table_of(WebhookDelivery)
_INACTIVE = "The subscription is not active."


@dataclass(frozen=True, slots=True)
class SubscriptionView:
    """A subscription as its developer sees it; of its headers the names, of its secret the end."""

    id: str
    paywall_id: str
    url: str
    events: Sequence[str]
    is_active: bool
    description: str | None
    header_names: Sequence[str]
    created_at: int
    updated_at: int
    created_by: str | None
    consecutive_failures: int
    last_delivered_at: int | None
    secret_suffix: str
    ended_by: EndedBy | None
    previous_until: int | None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What it takes to send to a subscription. Secrets and headers are sealed for `context`."""

    id: str
    paywall_id: str
    url: str
    secrets_sealed: Sequence[str]
    headers_sealed: str | None


def context(subscription_id: str) -> str:
    """Returns what a subscription's secrets and headers are sealed for."""
    return f"webhook:{subscription_id}"


def add(session: Session, row: WebhookSubscription) -> SubscriptionView:
    """Keeps a new subscription. Raises BadField where the paywall has as many as it may."""
    _check_room(session, row.paywall_id)
    session.add(row)
    session.flush()
    _bump(session, row.paywall_id)
    return _view(row)


def read_told(session: Session, paywall_id: str) -> frozenset[str]:
    """Returns the names of the events of a paywall that anybody is told of."""
    wanted = select(_TABLE.c.events).where(_TABLE.c.paywall_id == paywall_id, _TABLE.c.is_active == 1)
    patterns = set(chain.from_iterable(session.scalars(wanted)))
    return frozenset(name for name in EVENTS if matches(patterns, name)) if patterns else frozenset()


def read_told_by_paywall(session: Session, paywall_ids: Collection[str]) -> Mapping[str, frozenset[str]]:
    """Returns the same of each of these paywalls that has anybody to tell."""
    wanted = select(_TABLE.c.paywall_id).where(_TABLE.c.paywall_id.in_(paywall_ids), _TABLE.c.is_active == 1)
    return {paywall_id: read_told(session, paywall_id) for paywall_id in session.scalars(wanted.distinct())}


def read(session: Session, paywall_id: str, subscription_id: str) -> SubscriptionView:
    """Returns a paywall's subscription. Raises NotFound for anybody else's."""
    return _view(_own(session, paywall_id, subscription_id, is_locked=False))


def list_of(session: Session, paywall_id: str, *, is_active: bool | None = None) -> list[SubscriptionView]:
    """Returns a paywall's subscriptions, the newest first; only those that are active, or not, if asked."""
    statement = select(WebhookSubscription).where(_TABLE.c.paywall_id == paywall_id).order_by(_TABLE.c.id.desc())
    if is_active is not None:
        statement = statement.where(_TABLE.c.is_active == int(is_active))
    return [_view(row) for row in session.scalars(statement)]


def change(session: Session, paywall_id: str, subscription_id: str, values: Mapping[str, Any]) -> SubscriptionView:
    """Changes columns of a paywall's subscription. Raises NotFound for anybody else's."""
    row = _own(session, paywall_id, subscription_id)
    for name, value in values.items():
        setattr(row, name, value)
    row.updated_at = clock.now()
    session.flush()
    if "events" in values:
        _bump(session, paywall_id)
    return _view(row)


def activate(session: Session, paywall_id: str, subscription_id: str) -> SubscriptionView:
    """Makes a subscription active again, as if it had never failed. Raises NotFound, BadField."""
    row = _own(session, paywall_id, subscription_id)
    if row.is_active:
        return _view(row)
    _check_room(session, paywall_id)
    row.is_active, row.ended_by, row.consecutive_failures, row.failing_since = 1, None, 0, None
    row.updated_at = clock.now()
    session.flush()
    _bump(session, paywall_id)
    return _view(row)


def deactivate(
    session: Session, paywall_id: str, subscription_id: str, by: EndedBy = EndedBy.DEVELOPER
) -> SubscriptionView:
    """Ends all deliveries to a subscription; those that wait end as errors, and can be replayed. Raises NotFound."""
    row = _own(session, paywall_id, subscription_id)
    if row.is_active:
        now = clock.now()
        row.is_active, row.ended_by, row.updated_at = 0, by, now
        session.flush()
        waiting = (_DELIVERIES.c.subscription_id == row.id) & (_DELIVERIES.c.status == DeliveryStatus.PENDING)
        session.execute(
            update(_DELIVERIES)
            .where(waiting)
            .values(status="error", error=_INACTIVE, next_attempt_at=None, claimed_until=None, updated_at=now)
        )
        _bump(session, paywall_id)
    return _view(row)


def rotate(
    session: Session, paywall_id: str, subscription_id: str, sealed: str, suffix: str, overlap_seconds: int
) -> SubscriptionView:
    """Signs with a new secret; for a while with the one before it too. Raises NotFound."""
    row = _own(session, paywall_id, subscription_id)
    previous = row.secret_sealed if overlap_seconds else None
    until = clock.now() + overlap_seconds * clock.SECOND if overlap_seconds else None
    values = {"secret_sealed": sealed, "secret_suffix": suffix, "previous_sealed": previous, "previous_until": until}
    return change(session, paywall_id, subscription_id, values)


def read_endpoints(session: Session, subscription_ids: Sequence[str]) -> Mapping[str, Endpoint]:
    """Returns where the active ones of these subscriptions are, with the secrets that sign now."""
    now = clock.now()
    rows = session.scalars(
        select(WebhookSubscription).where(_TABLE.c.id.in_(subscription_ids), _TABLE.c.is_active == 1)
    )
    endpoints = {}
    for row in rows:
        is_overlapping = row.previous_sealed is not None and (row.previous_until or 0) > now
        secrets = (row.secret_sealed, *((row.previous_sealed,) if is_overlapping and row.previous_sealed else ()))
        endpoints[row.id] = Endpoint(row.id, row.paywall_id, row.url, secrets, row.headers_sealed)
    return endpoints


def note_outcomes(
    session: Session, subscription_id: str, outcomes: Sequence[bool], *, is_gone: bool
) -> tuple[SubscriptionView, EndedBy] | None:
    """Counts attempts as they went, in order, and makes the subscription inactive after a run of failures.

    Returns it and why in that case. An endpoint that says that it is gone is believed at once.
    """
    row = session.get(WebhookSubscription, subscription_id, with_for_update=True, populate_existing=True)
    if row is None or not row.is_active:
        return None
    now = clock.now()
    for is_success in outcomes:
        if is_success:
            row.consecutive_failures, row.failing_since, row.last_delivered_at = 0, None, now
        else:
            row.consecutive_failures += 1
            row.failing_since = row.failing_since or now
    session.flush()
    has_failed_long = row.failing_since is not None and row.failing_since <= now - FAILING_SECONDS_MAX * clock.SECOND
    by: EndedBy | None = None
    if is_gone:
        by = EndedBy.GONE
    elif row.consecutive_failures >= FAILURES_MAX and has_failed_long:
        by = EndedBy.FAILURES
    return None if by is None else (deactivate(session, row.paywall_id, row.id, by), by)


def make_row(paywall_id: str, url: str, events: Sequence[str], **more: Any) -> WebhookSubscription:
    """Returns a new subscription's row, active, not kept yet."""
    now = clock.now()
    return WebhookSubscription(
        paywall_id=paywall_id, url=url, events=list(events), is_active=1, consecutive_failures=0, created_at=now,
        updated_at=now, **more,
    )  # fmt: skip


def new_subscription_id() -> str:
    """Returns the id of a subscription to come; its secret is sealed for it before there is a row."""
    return new_id("whs")


def _check_room(session: Session, paywall_id: str) -> None:
    active = select(func.count()).where(_TABLE.c.paywall_id == paywall_id, _TABLE.c.is_active == 1)
    if (session.scalar(active) or 0) >= ACTIVE_MAX:
        message = f"A paywall has at most {ACTIVE_MAX} active subscriptions; deactivate one first."
        raise BadField(None, message, "too_many_subscriptions")


def _own(session: Session, paywall_id: str, subscription_id: str, *, is_locked: bool = True) -> WebhookSubscription:
    # PostgreSQL refuses to look for some characters, which no id of ours has.
    is_id = subscription_id.isascii() and subscription_id.isprintable()
    row = session.get(WebhookSubscription, subscription_id, with_for_update=is_locked or None) if is_id else None
    if row is None or row.paywall_id != paywall_id:
        raise NotFound(f"There is no subscription {subscription_id}.")
    return row


def _bump(session: Session, paywall_id: str) -> None:
    apply_one(session, BumpEpoch(epoch_subject(paywall_id)))


def _view(row: WebhookSubscription) -> SubscriptionView:
    return SubscriptionView(
        row.id, row.paywall_id, row.url, row.events, bool(row.is_active), row.description, row.header_names,
        row.created_at, row.updated_at, row.created_by, row.consecutive_failures, row.last_delivered_at,
        row.secret_suffix, row.ended_by, row.previous_until,
    )  # fmt: skip
