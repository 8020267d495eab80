"""How far a paywall's pending earnings have become available, and what of its earnings was taken back."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from app.sql.columns import STRICT, Whole, Words, one_of


class EarningsMaturity(SQLModel, table=True):
    """Of the pending earnings account `account_id`, all that was earned before `until` has been made available.

    No transfer with an id up to `transfer_id` is younger than that.
    """

    __tablename__ = "earnings_maturity"
    __table_args__ = (STRICT,)

    account_id: str = Field(primary_key=True, sa_type=Words)
    until: int = Field(sa_type=Whole)
    transfer_id: int = Field(sa_type=Whole)
    changed_at: int = Field(sa_type=Whole)


class TakenFrom(StrEnum):
    """Which money of a paywall's was taken back."""

    PENDING = "pending"
    """Earnings that were not available yet."""
    AVAILABLE = "available"
    """Earnings that were."""
    SHORTFALL = "shortfall"
    """None that was there: the paywall owes it, and what it earns repays it."""


class EarningsTakeback(SQLModel, table=True):
    """A part of a paywall's earnings that was taken back; of `amount_nanos`, `returned_nanos` were reinstated since.

    `account_id` is the pending earnings account, `source` for whose sake: a wallet that owes, or a refund of a charge.
    Of pending money, `earning_id` is the transfer that earned it and `earned_at` when: it keeps that date.
    """

    __tablename__ = "earnings_takeback"
    __table_args__ = (
        CheckConstraint("amount_nanos > 0", name="amount_positive"),
        CheckConstraint("returned_nanos >= 0 AND returned_nanos <= amount_nanos", name="returned_within_amount"),
        CheckConstraint("taken_from IN ('pending', 'available', 'shortfall')", name="known_place"),
        CheckConstraint("(taken_from = 'pending') = (earning_id IS NOT NULL)", name="earning_of_pending"),
        CheckConstraint("(earning_id IS NULL) = (earned_at IS NULL)", name="earning_with_date"),
        Index("ix_earnings_takeback_source", "source", "account_id"),
        Index("ix_earnings_takeback_earned", "account_id", "earned_at"),
        STRICT,
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=Whole)
    account_id: str = Field(sa_type=Words)
    source: str = Field(sa_type=Words)
    taken_from: TakenFrom = Field(sa_type=one_of(TakenFrom))
    amount_nanos: int = Field(sa_type=Whole)
    returned_nanos: int = Field(sa_type=Whole)
    earning_id: int | None = Field(default=None, sa_type=Whole)
    earned_at: int | None = Field(default=None, sa_type=Whole)
    created_at: int = Field(sa_type=Whole)


class EarningsDue(SQLModel, table=True):
    """Of the pending earnings account `account_id`, `amount_nanos` become available on a day (UTC, from 1970-01-01).

    Written anew by each run of the job that makes earnings available, so that a page reads no transfer; `made_at` is
    when. What was earned since is in no row.
    """

    __tablename__ = "earnings_due"
    __table_args__ = (STRICT,)

    account_id: str = Field(primary_key=True, sa_type=Words)
    day: int = Field(primary_key=True, sa_type=Whole)
    amount_nanos: int = Field(sa_type=Whole)
    made_at: int = Field(sa_type=Whole)
