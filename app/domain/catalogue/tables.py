"""The catalogue: models of a provider's public list, and their list prices, each version of which never changes."""

from typing import Any

from sqlmodel import Field, SQLModel

from app.sql.columns import STRICT, Json, Whole, Words


class CatalogueModel(SQLModel, table=True):
    """A model as it was listed last; one that is listed no more keeps when that was found (`vanished_at`)."""

    __tablename__ = "catalogue_model"
    __table_args__ = (STRICT,)

    model: str = Field(primary_key=True, sa_type=Words)
    display_name: str = Field(sa_type=Words)
    description: str = Field(sa_type=Words)
    released_at: int = Field(sa_type=Whole)
    context_tokens_max: int | None = Field(default=None, sa_type=Whole)
    output_tokens_max: int | None = Field(default=None, sa_type=Whole)
    part_tokens_max: int | None = Field(default=None, sa_type=Whole)
    modalities: Any = Field(sa_type=Json, nullable=False)
    parameters: Any = Field(sa_type=Json, nullable=False)
    version: int = Field(sa_type=Whole)
    first_seen_at: int = Field(sa_type=Whole)
    vanished_at: int | None = Field(default=None, sa_type=Whole)


class CataloguePrice(SQLModel, table=True):
    """A version of a model's list price; `price` is JSON of `list_price.ListPrice`, None where it has none."""

    __tablename__ = "catalogue_price"
    __table_args__ = (STRICT,)

    model: str = Field(primary_key=True, sa_type=Words, foreign_key="catalogue_model.model")
    version: int = Field(primary_key=True, sa_type=Whole)
    price: Any = Field(default=None, sa_type=Json, nullable=True)
    created_at: int = Field(sa_type=Whole)
