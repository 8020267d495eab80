"""Requests, and the answers that idempotency keys repeat."""

from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from app.domain.tables import STRICT, Json, Whole, Words


class Request(SQLModel, table=True):
    """One request, inserted with its hold and finished with its settlement, in the ledger's transactions."""

    __tablename__ = "request"
    __table_args__ = (
        CheckConstraint("status IN ('running', 'settled', 'released', 'interrupted')", name="known_status"),
        CheckConstraint("charge_nanos >= 0 AND hold_nanos >= 0", name="not_negative"),
        Index("ix_request_wallet", "wallet_id", "created_at"),
        STRICT,
    )

    id: str = Field(primary_key=True, sa_type=Words)
    client_request_id: str | None = Field(default=None, sa_type=Words)
    paywall_id: str = Field(sa_type=Words)
    wallet_id: str = Field(sa_type=Words)
    external_id: str = Field(sa_type=Words)
    kind: str = Field(sa_type=Words)
    status: str = Field(sa_type=Words)
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
    created_at: int = Field(sa_type=Whole)
    finished_at: int | None = Field(default=None, sa_type=Whole)


class AuditRun(SQLModel, table=True):
    """One run of the audit job: how much it found, and the first of it as sentences."""

    __tablename__ = "audit_run"
    __table_args__ = (Index("ix_audit_run_finished", "finished_at"), STRICT)

    id: str = Field(primary_key=True, sa_type=Words)
    started_at: int = Field(sa_type=Whole)
    finished_at: int = Field(sa_type=Whole)
    findings: int = Field(sa_type=Whole)
    first: Any = Field(sa_type=Json, nullable=False)


class IdempotentAnswer(SQLModel, table=True):
    """The answer of a request that moved money, kept for a retry with the same Idempotency-Key."""

    __tablename__ = "idempotent_answer"
    __table_args__ = (Index("ix_idempotent_answer_created", "created_at"), STRICT)

    id: str = Field(primary_key=True, sa_type=Words)
    body_hash: str = Field(sa_type=Words)
    answer: Any = Field(sa_type=Json, nullable=False)
    created_at: int = Field(sa_type=Whole)
