"""Top-ups: money paid in through a rail."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from app.sql.columns import STRICT, Whole, Words, one_of


class TopupStatus(StrEnum):
    """What became of a top-up."""

    CREATED = "created"
    """An amount was chosen; the payment may still come."""
    PAID = "paid"
    """It was paid, and the wallet was credited in the same transaction."""
    FAILED = "failed"
    """The payment was declined; nothing was credited."""


class Topup(SQLModel, table=True):
    """One top-up, from the choice of an amount to the posting that credits it.

    `wallet_id` is an app wallet's or a shared one's; `paywall_id` the paywall whose link began it, None where
    a person topped up by themselves; `external_id` the user whose link it was.
    """

    __tablename__ = "topup"
    __table_args__ = (
        CheckConstraint("status IN ('created', 'paid', 'failed')", name="known_status"),
        CheckConstraint("amount_nanos > 0", name="amount_positive"),
        Index("ix_topup_wallet", "wallet_id", "created_at"),
        Index("ix_topup_paywall", "paywall_id", "finished_at", "id"),
        STRICT,
    )

    id: str = Field(primary_key=True, sa_type=Words)
    paywall_id: str | None = Field(default=None, sa_type=Words, foreign_key="paywall.id")
    wallet_id: str = Field(sa_type=Words)
    account_id: str = Field(sa_type=Words)
    rail: str = Field(sa_type=Words)
    currency: str = Field(sa_type=Words)
    amount_nanos: int = Field(sa_type=Whole)
    status: TopupStatus = Field(sa_type=one_of(TopupStatus))
    payment_id: str | None = Field(default=None, sa_type=Words)
    created_at: int = Field(sa_type=Whole)
    finished_at: int | None = Field(default=None, sa_type=Whole)
    external_id: str | None = Field(default=None, sa_type=Words)
