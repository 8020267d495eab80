"""Refunds of ours: a row first, then the rail."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from app.sql.columns import STRICT, Whole, Words, one_of


class RefundReason(StrEnum):
    """Why a payment goes back."""

    MISMATCH = "mismatch"
    """It was not the amount that its top-up asked for."""
    SECOND = "second"
    """Its top-up was paid already."""
    DEVELOPER = "developer"
    """The developer gives a payment of a user back."""
    USER = "user"
    """The user wants back what is unspent of it."""
    WARNING = "warning"
    """The payer's bank believes that it is a fraud; it is given back before that becomes a dispute."""
    ELSEWHERE = "elsewhere"
    """It was made at the rail, and not by us."""


TAKEBACKS = frozenset({RefundReason.DEVELOPER, RefundReason.USER, RefundReason.WARNING, RefundReason.ELSEWHERE})
"""Refunds of a payment that was credited, which take money back from a wallet."""
PARTS = frozenset({RefundReason.DEVELOPER, RefundReason.USER})
"""Refunds of exactly so much of a payment; others of ours are of all that is left of it."""


class RefundStatus(StrEnum):
    """How far a refund is."""

    ASKED = "asked"
    """Decided; the rail has not said yet that it knows of it."""
    PENDING = "pending"
    """The rail is about it."""
    SUCCEEDED = "succeeded"
    """The money went back."""
    FAILED = "failed"
    """The rail cannot give it back; it is still owed, and somebody has to see to it."""


class Refund(SQLModel, table=True):
    """`paid_cents` of `currency` of a payment of a connection that go back.

    The id of one that could not be credited follows from connection and payment, so that it is never given back twice;
    that of one made elsewhere from the rail's own id. It is the rail's idempotency key. `account_id` is
    `payout_transit:<id>`, where the money stands meanwhile; None where it is in a currency that the ledger has no unit
    for, or where the rail had it all the time. `credited_nanos` is how much it takes back of what was credited,
    `transit_nanos` how much of that stands on `account_id`; both are 0 for what was never credited. `next_at` is when
    it is tried again, `told_at` when payer and operator were told of it.
    """

    __tablename__ = "refund"
    __table_args__ = (
        CheckConstraint("status IN ('asked', 'pending', 'succeeded', 'failed')", name="known_status"),
        CheckConstraint("reason IN ('mismatch', 'second', 'developer', 'user', 'warning', 'elsewhere')",
                        name="known_reason"),
        CheckConstraint("paid_cents > 0", name="paid_cents_positive"),
        CheckConstraint("credited_nanos >= 0 AND transit_nanos >= 0", name="not_negative"),
        CheckConstraint("(finished_at IS NULL) = (status IN ('asked', 'pending'))", name="finished_once"),
        Index("ix_refund_topup", "topup_id"),
        Index("ix_refund_open", "next_at", sqlite_where=text("finished_at IS NULL OR told_at IS NULL"),
              postgresql_where=text("finished_at IS NULL OR told_at IS NULL")),
        STRICT,
    )  # fmt: skip

    id: str = Field(primary_key=True, sa_type=Words)
    topup_id: str = Field(sa_type=Words, foreign_key="topup.id")
    connection_id: str = Field(sa_type=Words, foreign_key="connection.id")
    payment_id: str = Field(sa_type=Words)
    account_id: str | None = Field(default=None, sa_type=Words)
    paid_cents: int = Field(sa_type=Whole)
    currency: str = Field(sa_type=Words)
    credited_nanos: int = Field(default=0, sa_type=Whole)
    transit_nanos: int = Field(default=0, sa_type=Whole)
    reason: RefundReason = Field(sa_type=one_of(RefundReason))
    status: RefundStatus = Field(sa_type=one_of(RefundStatus))
    attempts: int = Field(sa_type=Whole)
    last_error: str | None = Field(default=None, sa_type=Words)
    created_at: int = Field(sa_type=Whole)
    next_at: int = Field(sa_type=Whole)
    told_at: int | None = Field(default=None, sa_type=Whole)
    finished_at: int | None = Field(default=None, sa_type=Whole)
