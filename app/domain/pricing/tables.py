"""Prices of models in a paywall; each version is immutable."""

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from app.domain.tables import STRICT, Whole, Words


class ModelPrice(SQLModel, table=True):
    """One version of a model's price. The highest version counts; a retired one takes the model off."""

    __tablename__ = "model_price"
    __table_args__ = (
        CheckConstraint(
            "input_nanos >= 0 AND cached_input_nanos >= 0 AND output_nanos >= 0 AND request_nanos >= 0"
            " AND minimum_nanos >= 0 AND markup_basis_points >= 0",
            name="not_negative",
        ),
        Index("ix_model_price_version", "paywall_id", "model", "version", unique=True),
        STRICT,
    )

    id: str = Field(primary_key=True, sa_type=Words)
    paywall_id: str = Field(sa_type=Words, foreign_key="paywall.id")
    model: str = Field(sa_type=Words)
    version: int = Field(sa_type=Whole)
    display_name: str = Field(sa_type=Words)
    description: str = Field(sa_type=Words)
    input_nanos: int = Field(sa_type=Whole)
    cached_input_nanos: int = Field(sa_type=Whole)
    output_nanos: int = Field(sa_type=Whole)
    request_nanos: int = Field(sa_type=Whole)
    minimum_nanos: int = Field(sa_type=Whole)
    markup_basis_points: int = Field(sa_type=Whole)
    context_tokens_max: int | None = Field(default=None, sa_type=Whole)
    output_tokens_max: int | None = Field(default=None, sa_type=Whole)
    part_tokens_max: int | None = Field(default=None, sa_type=Whole)
    created_at: int = Field(sa_type=Whole)
    retired_at: int | None = Field(default=None, sa_type=Whole)
