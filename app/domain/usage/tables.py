"""Requests, and the answers that idempotency keys repeat."""

from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from app.domain.paywalls.configuration import UserPlace
from app.sql.columns import STRICT, Json, Whole, Words, one_of


class RequestStatus(StrEnum):
    """How far a request is."""

    RUNNING = "running"
    """Its hold is granted, and nothing is charged yet."""
    SETTLED = "settled"
    """It was charged what it used, and the rest of the hold given back."""
    RELEASED = "released"
    """It was charged nothing."""
    INTERRUPTED = "interrupted"
    """Its process was lost; the last checkpoint was charged."""


class RequestKind(StrEnum):
    """What a request was for."""

    CHAT = "chat"
    """An answer of a model."""
    MANUAL = "manual"
    """An amount that the app charged by itself."""
    REFUND = "refund"
    """A part of another request's charge that its developer gave back, or all of it."""


class RequestMode(StrEnum):
    """How a request asks more than one model, or one of several."""

    COMPARE = "compare"
    """Several answers side by side."""
    BLEND = "blend"
    """Several answers made into one."""
    JUDGE = "judge"
    """Several answers that another model compares."""
    MESH = "mesh"
    """The first of several that answers."""


def is_due(row: str = "") -> str:
    """Returns the condition, in SQL, that rollups have not counted all of an ended request yet; `row` is a prefix."""
    return (
        f"{row}finished_at IS NOT NULL AND ({row}counted_nanos IS NULL OR {row}counted_nanos <> {row}charge_nanos"
        f" OR ({row}late IS NOT NULL AND {row}counted_late IS NULL))"
    )


OWN_WALLETS = "unit <> 'USD'"
"""What requests are paid by a wallet of somebody's own: an app's own wallets count dollars."""


class Request(SQLModel, table=True):
    """One request, inserted with its hold and finished with its settlement, in the ledger's transactions.

    `user_from` is the place of the call that named the end user; `key_id` is the key that asked and `paywall_version`
    the version that it was decided on; all three are None for requests from before they were kept. `session` and
    `agent` are the app's own words, None where it said none. `counted_nanos` is what rollups have counted of the
    charge, None before, and `counted_late` is 1 once they have counted its late settlement. `order_id` is the order
    that it belongs to, None for none. `mode` is how it asked several models, whose parts are its legs; None where it
    asked one. A refund names in `refund_of` the request whose charge it gives back; its `charge_nanos` are what it
    gave.
    `receipt` is never rewritten once the request has ended; `late` is its second line, of a settlement that
    came after the hold had expired. `provider_cost_nanos` is what the provider itself said that it cost, in
    USD; `claim_id` its Idempotency-Key in its scope, or a refund's click. The row is the outbox of its events:
    `events_due` says what webhooks are still to be told, None where the paywall has none.
    """

    __tablename__ = "request"
    __table_args__ = (
        CheckConstraint("status IN ('running', 'settled', 'released', 'interrupted')", name="known_status"),
        CheckConstraint("charge_nanos >= 0 AND hold_nanos >= 0", name="not_negative"),
        CheckConstraint("provider_cost_nanos >= 0", name="provider_cost_nanos_not_negative"),
        Index("ix_request_events_due", "created_at", sqlite_where=text("events_due > 0"),
              postgresql_where=text("events_due > 0")),
        Index("ix_request_provider_cost", "created_at", sqlite_where=text("provider_cost_nanos IS NOT NULL"),
              postgresql_where=text("provider_cost_nanos IS NOT NULL")),
        Index("ix_request_paywall", "paywall_id", "id", "external_id"),
        Index("ix_request_wallet", "wallet_id", "id", sqlite_where=text(OWN_WALLETS),
              postgresql_where=text(OWN_WALLETS)),
        Index("ix_request_wallet_ended", "wallet_id", "finished_at", sqlite_where=text(OWN_WALLETS),
              postgresql_where=text(OWN_WALLETS)),
        Index("ix_request_refund_of", "refund_of", sqlite_where=text("refund_of IS NOT NULL"),
              postgresql_where=text("refund_of IS NOT NULL")),
        Index("ix_request_due", "finished_at", sqlite_where=text(is_due()), postgresql_where=text(is_due())),
        *(Index(f"ix_request_{name}", "paywall_id", column, "id", sqlite_where=text(f"{column} IS NOT NULL"),
                postgresql_where=text(f"{column} IS NOT NULL"))
          for name, column in (("key", "key_id"), ("session", "session"), ("agent", "agent"), ("order", "order_id"))),
        STRICT,
    )  # fmt: skip

    id: str = Field(primary_key=True, sa_type=Words)
    client_request_id: str | None = Field(default=None, sa_type=Words)
    paywall_id: str = Field(sa_type=Words)
    wallet_id: str = Field(sa_type=Words)
    external_id: str = Field(sa_type=Words)
    user_from: UserPlace | None = Field(default=None, sa_type=one_of(UserPlace))
    kind: RequestKind = Field(sa_type=one_of(RequestKind))
    status: RequestStatus = Field(sa_type=one_of(RequestStatus))
    model: str | None = Field(default=None, sa_type=Words)
    provider: str | None = Field(default=None, sa_type=Words)
    billing_source: str = Field(sa_type=Words)
    streamed: int = Field(sa_type=Whole)
    unit: str = Field(sa_type=Words)
    price_id: str | None = Field(default=None, sa_type=Words)
    price_version: int | None = Field(default=None, sa_type=Whole)
    hold_nanos: int = Field(sa_type=Whole)
    charge_nanos: int = Field(sa_type=Whole)
    tokens: int | None = Field(default=None, sa_type=Whole)
    receipt: Any = Field(default=None, sa_type=Json, nullable=True)
    late: Any = Field(default=None, sa_type=Json, nullable=True)
    provider_cost_nanos: int | None = Field(default=None, sa_type=Whole)
    claim_id: str | None = Field(default=None, sa_type=Words)
    created_at: int = Field(sa_type=Whole)
    finished_at: int | None = Field(default=None, sa_type=Whole)
    events_due: int | None = Field(default=None, sa_type=Whole)
    key_id: str | None = Field(default=None, sa_type=Words)
    paywall_version: int | None = Field(default=None, sa_type=Whole)
    order_id: str | None = Field(default=None, sa_type=Words)
    session: str | None = Field(default=None, sa_type=Words)
    agent: str | None = Field(default=None, sa_type=Words)
    counted_nanos: int | None = Field(default=None, sa_type=Whole)
    refund_of: str | None = Field(default=None, sa_type=Words)
    counted_late: int | None = Field(default=None, sa_type=Whole)
    mode: RequestMode | None = Field(default=None, sa_type=one_of(RequestMode))


class CostDrift(SQLModel, table=True):
    """What a day's requests of a model cost by our prices, and by what their provider says, in nanos of a dollar."""

    __tablename__ = "cost_drift"
    __table_args__ = (STRICT,)

    day: str = Field(primary_key=True, sa_type=Words)
    provider: str = Field(primary_key=True, sa_type=Words)
    model: str = Field(primary_key=True, sa_type=Words)
    requests: int = Field(sa_type=Whole)
    own_nanos: int = Field(sa_type=Whole)
    provider_nanos: int = Field(sa_type=Whole)
    measured_at: int = Field(sa_type=Whole)


class AuditRun(SQLModel, table=True):
    """One run of the audit job: how much it found, and the first of it as sentences.

    `seen_transfer` is the newest transfer that it saw, `marked_transfer` the one up to which it kept what accounts had
    moved. What was made before `ended_at` had ended when it looked. All three are None in runs from before they were
    kept.
    """

    __tablename__ = "audit_run"
    __table_args__ = (Index("ix_audit_run_finished", "finished_at"), STRICT)

    id: str = Field(primary_key=True, sa_type=Words)
    started_at: int = Field(sa_type=Whole)
    finished_at: int = Field(sa_type=Whole)
    findings: int = Field(sa_type=Whole)
    first: Any = Field(sa_type=Json, nullable=False)
    seen_transfer: int | None = Field(default=None, sa_type=Whole)
    marked_transfer: int | None = Field(default=None, sa_type=Whole)
    ended_at: int | None = Field(default=None, sa_type=Whole)


class AuditMark(SQLModel, table=True):
    """What an account that every request touches had moved up to the transfer that the newest run marked."""

    __tablename__ = "audit_mark"
    __table_args__ = (STRICT,)

    account_id: str = Field(primary_key=True, sa_type=Words)
    moved: int = Field(sa_type=Whole)


class AuditSum(SQLModel, table=True):
    """What transfers up to the one that the newest run marked come to: of a budget by its id, of a paywall by that and
    what of it (`pw_…:gross`)."""

    __tablename__ = "audit_sum"
    __table_args__ = (STRICT,)

    subject: str = Field(primary_key=True, sa_type=Words)
    nanos: int = Field(sa_type=Whole)


class IdempotentAnswer(SQLModel, table=True):
    """The answer of a request that moved money, kept for a retry with the same Idempotency-Key.

    That of a chat is claimed with its hold, empty until it has ended (`finished_at`), sealed then, and empty
    again once it is too old to be given again.
    """

    __tablename__ = "idempotent_answer"
    __table_args__ = (
        Index("ix_idempotent_answer_created", "created_at"),
        Index("ix_idempotent_answer_finished", "finished_at"),
        STRICT,
    )

    id: str = Field(primary_key=True, sa_type=Words)
    body_hash: str = Field(sa_type=Words)
    answer: Any = Field(default=None, sa_type=Json, nullable=True)
    created_at: int = Field(sa_type=Whole)
    finished_at: int | None = Field(default=None, sa_type=Whole)
