"""Prices of models in a paywall; each version is immutable."""

from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from app.sql.columns import STRICT, Json, Whole, Words, one_of

KINDS = ("cache_write_nanos", "image_input_nanos", "audio_input_nanos", "reasoning_nanos", "audio_output_nanos",
         "image_output_nanos")  # fmt: skip
"""Prices of kinds of token that cost what input or output does where there is none."""


class PriceSource(StrEnum):
    """Who set a price."""

    DEVELOPER = "developer"
    """The paywall's developer: what the catalogue says never replaces it."""
    CATALOGUE = "catalogue"
    """The catalogue's list, which it follows."""


class RetiredBecause(StrEnum):
    """Why a model was taken off a paywall; only what is unpriced or vanished comes back by itself."""

    DEVELOPER = "developer"
    """The developer took it off."""
    UNPRICED = "unpriced"
    """Nobody knows its price."""
    VANISHED = "vanished"
    """Its provider has it no more."""
    COST = "cost"
    """It would cost more than it brings."""


class ModelPrice(SQLModel, table=True):
    """One version of a model's price. The highest version counts; a retired one takes the model off.

    `source` says who set it. `tiers` are the prices for long prompts, `cost` what the provider asks where that is
    not this price itself, both as JSON of `list_price`; `retired_because` says why a retired one was taken off.
    `provider` is the name of who serves it, NULL for the paywall's default one, and `upstream_model` what it is called
    there, NULL if the same. It counts from version `since_version` of its paywall on, until another one of its model
    does or, where it was retired, until `until_version`.
    """

    __tablename__ = "model_price"
    __table_args__ = (
        CheckConstraint(
            "input_nanos >= 0 AND cached_input_nanos >= 0 AND output_nanos >= 0 AND request_nanos >= 0"
            " AND minimum_nanos >= 0 AND markup_basis_points >= 0",
            name="not_negative",
        ),
        *(CheckConstraint(f"{kind} >= 0", name=f"{kind}_not_negative") for kind in (*KINDS, "image_nanos")),
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
    cache_write_nanos: int | None = Field(default=None, sa_type=Whole)
    image_input_nanos: int | None = Field(default=None, sa_type=Whole)
    audio_input_nanos: int | None = Field(default=None, sa_type=Whole)
    reasoning_nanos: int | None = Field(default=None, sa_type=Whole)
    audio_output_nanos: int | None = Field(default=None, sa_type=Whole)
    image_output_nanos: int | None = Field(default=None, sa_type=Whole)
    image_nanos: int = Field(default=0, sa_type=Whole, sa_column_kwargs={"server_default": "0"})
    tiers: Any = Field(default=None, sa_type=Json, nullable=True)
    cost: Any = Field(default=None, sa_type=Json, nullable=True)
    source: PriceSource = Field(default=PriceSource.DEVELOPER, sa_type=one_of(PriceSource),
                                sa_column_kwargs={"server_default": "developer"})  # fmt: skip
    context_tokens_max: int | None = Field(default=None, sa_type=Whole)
    output_tokens_max: int | None = Field(default=None, sa_type=Whole)
    part_tokens_max: int | None = Field(default=None, sa_type=Whole)
    provider: str | None = Field(default=None, sa_type=Words)
    upstream_model: str | None = Field(default=None, sa_type=Words)
    since_version: int = Field(sa_type=Whole, sa_column_kwargs={"server_default": "1"})
    until_version: int | None = Field(default=None, sa_type=Whole)
    created_at: int = Field(sa_type=Whole)
    retired_at: int | None = Field(default=None, sa_type=Whole)
    retired_because: RetiredBecause | None = Field(default=None, sa_type=one_of(RetiredBecause))
