"""What stopped requests, a row for each."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from app.sql.columns import STRICT, Whole, Words, one_of


class SafetyKind(StrEnum):
    """What stopped it."""

    PROVIDER_REFUSAL = "provider_refusal"
    """The provider, or its model, would not answer."""
    CONTENT_FILTER = "content_filter"
    """A filter of the provider's stopped the answer, or the question."""
    BLOCKED = "blocked"
    """A rule of ours or the developer's let it go nowhere."""
    LIMIT = "limit"
    """A limit was reached: the user's own, the developer's or the provider's."""


class SafetyMark(SQLModel, table=True):
    """One thing that stopped a request or a part of its answer; `code` says which, and is no text.

    `wallet_id` is whose wallet would have paid.
    """

    __tablename__ = "safety_mark"
    __table_args__ = (
        CheckConstraint("kind IN ('provider_refusal', 'content_filter', 'blocked', 'limit')", name="known_kind"),
        Index("ix_safety_mark_wallet", "wallet_id", "id"),
        Index("ix_safety_mark_request", "request_id"),
        STRICT,
    )

    id: str = Field(primary_key=True, sa_type=Words)
    request_id: str = Field(sa_type=Words)
    paywall_id: str = Field(sa_type=Words)
    wallet_id: str = Field(sa_type=Words)
    at: int = Field(sa_type=Whole)
    kind: SafetyKind = Field(sa_type=one_of(SafetyKind))
    code: str = Field(sa_type=Words)
    model: str | None = Field(default=None, sa_type=Words)
