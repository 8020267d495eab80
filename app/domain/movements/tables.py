"""Movements of the money at a rail, and how far its list of them was read."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from app.domain.money import Unit
from app.sql.columns import STRICT, Whole, Words, one_of


class MovementKind(StrEnum):
    """Why the money at a rail changed."""

    PAYMENT = "payment"
    """A payer paid."""
    REFUND = "refund"
    """A payment went back, whole or in part."""
    REFUND_FAILED = "refund_failed"
    """A refund could not reach its payer, and came back."""
    DISPUTE = "dispute"
    """A payer's bank took a payment back, or gave it back again (then above zero)."""
    PAYOUT = "payout"
    """The rail paid out to its account's bank."""
    OTHER = "other"
    """Anything else, such as a fee of the rail's own or a correction."""


class Standing(StrEnum):
    """Whose movement it is."""

    OURS = "ours"
    """Of a payment of this instance: it stands in the ledger, by its payment's postings and its fee."""
    ELSEWHERE = "elsewhere"
    """The rail's own or another app's: it stands here alone."""


class RailMovement(SQLModel, table=True):
    """One movement of an account's money: `cents` in (out below zero), less `fee_cents`; US dollars both.

    `payment_id` is the payment that it is about, None without one, `topup_id` its top-up. Of ours, `unit` is that of
    the payment's wallet and `fee_nanos` what was posted as `fee:<id>`: the fee, and what was taken back beyond what had
    been credited. `created_at` is the rail's clock.
    """

    __tablename__ = "rail_movement"
    __table_args__ = (
        CheckConstraint("kind IN ('payment', 'refund', 'refund_failed', 'dispute', 'payout', 'other')",
                        name="known_kind"),
        CheckConstraint("standing IN ('ours', 'elsewhere')", name="known_standing"),
        CheckConstraint("unit IN ('USD', 'USDC', 'CREDIT')", name="known_unit"),
        CheckConstraint("(standing = 'ours') = (unit IS NOT NULL)", name="unit_of_ours"),
        CheckConstraint("standing = 'ours' OR fee_nanos = 0", name="fee_of_ours"),
        Index("ix_rail_movement_payment", "connection_id", "payment_id"),
        STRICT,
    )  # fmt: skip

    connection_id: str = Field(primary_key=True, sa_type=Words, foreign_key="connection.id")
    id: str = Field(primary_key=True, sa_type=Words)
    kind: MovementKind = Field(sa_type=one_of(MovementKind))
    standing: Standing = Field(sa_type=one_of(Standing))
    cents: int = Field(sa_type=Whole)
    fee_cents: int = Field(sa_type=Whole)
    payment_id: str | None = Field(default=None, sa_type=Words)
    topup_id: str | None = Field(default=None, sa_type=Words)
    unit: Unit | None = Field(default=None, sa_type=one_of(Unit))
    fee_nanos: int = Field(sa_type=Whole)
    description: str = Field(sa_type=Words)
    created_at: int = Field(sa_type=Whole)
    listed_at: int = Field(sa_type=Whole)


class RailReading(SQLModel, table=True):
    """How far a connection's movements were read, what they add up to, and what the rail says.

    `read_to` is in seconds of the rail's clock. `ours_cents` and `elsewhere_cents` are the sums of what was read, less
    fees; `opening_cents` is what the account held before the first of it, None until that is known. `balance_cents` was
    said at `compared_at`, when the ledger was `differs_cents` below it, since `differs_since`; None where nothing is
    compared, or nothing differs.
    """

    __tablename__ = "rail_reading"
    __table_args__ = (STRICT,)

    connection_id: str = Field(primary_key=True, sa_type=Words, foreign_key="connection.id")
    read_to: int = Field(sa_type=Whole)
    read_at: int | None = Field(default=None, sa_type=Whole)
    ours_cents: int = Field(sa_type=Whole)
    elsewhere_cents: int = Field(sa_type=Whole)
    opening_cents: int | None = Field(default=None, sa_type=Whole)
    balance_cents: int | None = Field(default=None, sa_type=Whole)
    compared_at: int | None = Field(default=None, sa_type=Whole)
    differs_cents: int | None = Field(default=None, sa_type=Whole)
    differs_since: int | None = Field(default=None, sa_type=Whole)
