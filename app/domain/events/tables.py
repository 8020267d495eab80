"""Events, the subscriptions that are told of them, and the deliveries of each to each."""

from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from app.sql.columns import STRICT, Json, Whole, Words, one_of


class DeliveryStatus(StrEnum):
    """How a delivery stands."""

    PENDING = "pending"
    """It is due, or will be after a pause."""
    SUCCESS = "success"
    """The endpoint has taken it."""
    ERROR = "error"
    """It is not tried again, unless it is replayed."""


class EndedBy(StrEnum):
    """Who made a subscription inactive."""

    DEVELOPER = "developer"
    """Its developer did."""
    FAILURES = "failures"
    """Nothing arrived there for an hour or more."""
    GONE = "gone"
    """Its endpoint said so (410)."""


class WebhookSubscription(SQLModel, table=True):
    """An endpoint of a developer's. Its secrets are sealed, and so are its headers, which often hold one.

    Until `previous_until` deliveries are signed with the secret before the last rotation too. `failing_since` is when
    the run of `consecutive_failures` began; `ended_by` who made it inactive.
    """

    __tablename__ = "webhook_subscription"
    __table_args__ = (
        CheckConstraint("is_active IN (0, 1)", name="active_or_not"),
        CheckConstraint("ended_by IN ('developer', 'failures', 'gone')", name="known_end"),
        Index("ix_webhook_subscription_paywall", "paywall_id", "is_active"),
        STRICT,
    )

    id: str = Field(primary_key=True, sa_type=Words)
    paywall_id: str = Field(sa_type=Words, foreign_key="paywall.id")
    url: str = Field(sa_type=Words)
    events: Any = Field(sa_type=Json, nullable=False)
    description: str | None = Field(default=None, sa_type=Words)
    headers_sealed: str | None = Field(default=None, sa_type=Words)
    header_names: Any = Field(sa_type=Json, nullable=False)
    secret_sealed: str = Field(sa_type=Words)
    secret_suffix: str = Field(sa_type=Words)
    previous_sealed: str | None = Field(default=None, sa_type=Words)
    previous_until: int | None = Field(default=None, sa_type=Whole)
    is_active: int = Field(sa_type=Whole)
    ended_by: EndedBy | None = Field(default=None, sa_type=one_of(EndedBy))
    consecutive_failures: int = Field(sa_type=Whole)
    failing_since: int | None = Field(default=None, sa_type=Whole)
    last_delivered_at: int | None = Field(default=None, sa_type=Whole)
    created_by: str | None = Field(default=None, sa_type=Words)
    created_at: int = Field(sa_type=Whole)
    updated_at: int = Field(sa_type=Whole)


class PaywallEvent(SQLModel, table=True):
    """One event, as every subscription is told of it. `fanned_out_at` is None until its deliveries are made.

    Those of a request are written when they are fanned out; the request's row is their outbox until then.
    """

    __tablename__ = "paywall_event"
    __table_args__ = (
        Index("ix_paywall_event_due", "created_at", sqlite_where=text("fanned_out_at IS NULL"),
              postgresql_where=text("fanned_out_at IS NULL")),
        Index("ix_paywall_event_created", "created_at"),
        STRICT,
    )  # fmt: skip

    id: str = Field(primary_key=True, sa_type=Words)
    paywall_id: str = Field(sa_type=Words)
    type: str = Field(sa_type=Words)
    version: str = Field(sa_type=Words)
    data: Any = Field(sa_type=Json, nullable=False)
    created_at: int = Field(sa_type=Whole)
    fanned_out_at: int | None = Field(default=None, sa_type=Whole)


class WebhookDelivery(SQLModel, table=True):
    """The delivery of an event to a subscription, its attempts counted in it.

    Whoever sends it has claimed it until `claimed_until`. `replay_of` is the delivery that it repeats.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'success', 'error')", name="known_status"),
        Index("ix_webhook_delivery_due", "subscription_id", "next_attempt_at",
              sqlite_where=text("status = 'pending'"), postgresql_where=text("status = 'pending'")),
        Index("ix_webhook_delivery_paywall", "paywall_id", "created_at"),
        Index("ix_webhook_delivery_event", "event_id"),
        STRICT,
    )  # fmt: skip

    id: str = Field(primary_key=True, sa_type=Words)
    paywall_id: str = Field(sa_type=Words)
    subscription_id: str = Field(sa_type=Words, foreign_key="webhook_subscription.id")
    event_id: str = Field(sa_type=Words, foreign_key="paywall_event.id")
    event_type: str = Field(sa_type=Words)
    status: DeliveryStatus = Field(sa_type=one_of(DeliveryStatus))
    attempts: int = Field(sa_type=Whole)
    next_attempt_at: int | None = Field(default=None, sa_type=Whole)
    claimed_until: int | None = Field(default=None, sa_type=Whole)
    last_attempt_at: int | None = Field(default=None, sa_type=Whole)
    response_code: int | None = Field(default=None, sa_type=Whole)
    response_latency_ms: int | None = Field(default=None, sa_type=Whole)
    error: str | None = Field(default=None, sa_type=Words)
    answer: str | None = Field(default=None, sa_type=Words)
    replay_of: str | None = Field(default=None, sa_type=Words)
    created_at: int = Field(sa_type=Whole)
    updated_at: int = Field(sa_type=Whole)
