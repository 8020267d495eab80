"""Disputes, fraud warnings, and what was taken back of each top-up, change by change."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from app.sql.columns import STRICT, Whole, Words, one_of


class DisputeState(StrEnum):
    """How far a dispute is."""

    INQUIRY = "inquiry"
    """The payer's bank asks; nothing is disputed yet."""
    DISMISSED = "dismissed"
    """It asked, or was kept from disputing, and nothing came of it."""
    OPEN = "open"
    """The payment is disputed."""
    WON = "won"
    """It was decided for us."""
    LOST = "lost"
    """It was decided for the payer."""


class Funds(StrEnum):
    """Where the money of a dispute is."""

    KEPT = "kept"
    """It was never withdrawn."""
    OUT = "out"
    """It was withdrawn from the account."""
    BACK = "back"
    """It was withdrawn, and came back."""


class Dispute(SQLModel, table=True):
    """A payer's dispute of `amount_cents` of a credited payment, as its rail told last.

    `untold_at` is since when there is something of it that nobody was told.
    """

    __tablename__ = "dispute"
    __table_args__ = (
        CheckConstraint("state IN ('inquiry', 'dismissed', 'open', 'won', 'lost')", name="known_state"),
        CheckConstraint("funds IN ('kept', 'out', 'back')", name="known_funds"),
        CheckConstraint("amount_cents > 0", name="amount_positive"),
        Index("ix_dispute_topup", "topup_id"),
        Index("ix_dispute_untold", "untold_at", sqlite_where=text("untold_at IS NOT NULL"),
              postgresql_where=text("untold_at IS NOT NULL")),
        STRICT,
    )  # fmt: skip

    connection_id: str = Field(primary_key=True, sa_type=Words, foreign_key="connection.id")
    id: str = Field(primary_key=True, sa_type=Words)
    topup_id: str = Field(sa_type=Words, foreign_key="topup.id")
    payment_id: str = Field(sa_type=Words)
    amount_cents: int = Field(sa_type=Whole)
    currency: str = Field(sa_type=Words)
    state: DisputeState = Field(sa_type=one_of(DisputeState))
    funds: Funds = Field(sa_type=one_of(Funds))
    untold_at: int | None = Field(default=None, sa_type=Whole)
    created_at: int = Field(sa_type=Whole)
    changed_at: int = Field(sa_type=Whole)


class WarningAct(StrEnum):
    """What was done about a fraud warning."""

    TOLD = "told"
    """Nothing: whose payment it is was told."""
    REFUNDED = "refunded"
    """The payment was given back whole, and the wallet frozen."""
    FROZEN = "frozen"
    """The wallet was frozen; an operator decides."""


class FraudWarning(SQLModel, table=True):
    """What a payer's bank believes of a credited payment, and what was done about it, once."""

    __tablename__ = "fraud_warning"
    __table_args__ = (
        CheckConstraint("act IN ('told', 'refunded', 'frozen')", name="known_act"),
        Index("ix_fraud_warning_topup", "topup_id"),
        Index("ix_fraud_warning_untold", "untold_at", sqlite_where=text("untold_at IS NOT NULL"),
              postgresql_where=text("untold_at IS NOT NULL")),
        STRICT,
    )  # fmt: skip

    connection_id: str = Field(primary_key=True, sa_type=Words, foreign_key="connection.id")
    id: str = Field(primary_key=True, sa_type=Words)
    topup_id: str = Field(sa_type=Words, foreign_key="topup.id")
    payment_id: str = Field(sa_type=Words)
    act: WarningAct = Field(sa_type=one_of(WarningAct))
    untold_at: int | None = Field(default=None, sa_type=Whole)
    created_at: int = Field(sa_type=Whole)


class Takeback(SQLModel, table=True):
    """The `n`th change of what is taken back of a top-up, posted as `takeback:<top-up>:<n>`; below zero it went back.

    `refunds_nanos` by refunds, `wallet_nanos` of that from the wallet and the rest from who bears it;
    `disputes_nanos` by disputes, all of it from the wallet. `paywall_id` and `external_id` are whose link began it.
    `counted_at` is when rollups counted what revenue bore of it.
    """

    __tablename__ = "takeback"
    __table_args__ = (
        CheckConstraint("n > 0", name="n_positive"),
        Index("ix_takeback_paywall", "paywall_id", "created_at", "topup_id"),
        Index(
            "ix_takeback_due",
            "created_at",
            sqlite_where=text("counted_at IS NULL"),
            postgresql_where=text("counted_at IS NULL"),
        ),
        STRICT,
    )

    topup_id: str = Field(primary_key=True, sa_type=Words, foreign_key="topup.id")
    n: int = Field(primary_key=True, sa_type=Whole)
    paywall_id: str | None = Field(default=None, sa_type=Words)
    external_id: str | None = Field(default=None, sa_type=Words)
    refunds_nanos: int = Field(sa_type=Whole)
    wallet_nanos: int = Field(sa_type=Whole)
    disputes_nanos: int = Field(sa_type=Whole)
    created_at: int = Field(sa_type=Whole)
    counted_at: int | None = Field(default=None, sa_type=Whole)
