"""Orders of apps for their users."""

from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from app.domain.legs.legs import Source
from app.sql.columns import STRICT, Json, Whole, Words, one_of


class OrderRow(SQLModel, table=True):
    """An order of a paywall's user. `billing_source` is None until the user has chosen, and never changes after that.

    With `may_fall_back` the user allowed that their wallet pays where their own key does not serve. `chosen_by` is the
    account that chose, None where the app said it; `was_asked` that the app left it to the user.
    """

    __tablename__ = "paywall_order"
    __table_args__ = (
        CheckConstraint("billing_source IN ('platform', 'byok')", name="known_billing_source"),
        CheckConstraint("may_fall_back IN (0, 1) AND was_asked IN (0, 1)", name="yes_or_no"),
        Index("ix_paywall_order_paywall", "paywall_id", "id"),
        Index("ix_paywall_order_user", "paywall_id", "external_id", "id"),
        STRICT,
    )

    id: str = Field(primary_key=True, sa_type=Words)
    paywall_id: str = Field(sa_type=Words)
    external_id: str = Field(sa_type=Words)
    name: str = Field(sa_type=Words)
    billing_source: Source | None = Field(default=None, sa_type=one_of(Source))
    may_fall_back: int = Field(default=0, sa_type=Whole)
    was_asked: int = Field(sa_type=Whole)
    details: Any = Field(default=None, sa_type=Json, nullable=True)
    created_at: int = Field(sa_type=Whole)
    chosen_at: int | None = Field(default=None, sa_type=Whole)
    chosen_by: str | None = Field(default=None, sa_type=Words)
