"""The newest report on reserves of each environment, and the trees over what is owed."""

from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from app.domain.money import Environment, Unit
from app.sql.columns import STRICT, Json, Octets, Whole, Words, one_of


class ReserveReport(SQLModel, table=True):
    """What was found last: `document` is published as it is, `lacking_nanos` is what chains hold too little."""

    __tablename__ = "reserve_report"
    __table_args__ = (
        CheckConstraint("environment IN ('sandbox', 'live')", name="known_environment"),
        CheckConstraint("lacking_nanos >= 0", name="lacking_not_negative"),
        STRICT,
    )

    environment: Environment = Field(primary_key=True, sa_type=one_of(Environment))
    document: dict[str, Any] = Field(sa_type=Json)
    lacking_nanos: int = Field(sa_type=Whole)
    made_at: int = Field(sa_type=Whole)


class LiabilityTree(SQLModel, table=True):
    """A tree over what is owed of a unit: its root, and the secret that its leaves are salted with.

    `below_nanos` is what accounts owed that are no leaves, `places` the blocks that it was cut at, `previous` the root
    before.
    """

    __tablename__ = "liability_tree"
    __table_args__ = (
        CheckConstraint("environment IN ('sandbox', 'live')", name="known_environment"),
        CheckConstraint("unit IN ('USD', 'USDC', 'CREDIT')", name="known_unit"),
        CheckConstraint("total_nanos >= 0 AND below_nanos >= 0 AND leaves >= 0", name="not_negative"),
        Index("ix_liability_tree_made", "environment", "unit", "made_at"),
        STRICT,
    )

    id: str = Field(primary_key=True, sa_type=Words)
    environment: Environment = Field(sa_type=one_of(Environment))
    unit: Unit = Field(sa_type=one_of(Unit))
    secret: bytes = Field(sa_type=Octets)
    root: str = Field(sa_type=Words)
    total_nanos: int = Field(sa_type=Whole)
    below_nanos: int = Field(sa_type=Whole)
    leaves: int = Field(sa_type=Whole)
    places: list[dict[str, Any]] = Field(sa_type=Json)
    previous: str | None = Field(default=None, sa_type=Words)
    made_at: int = Field(sa_type=Whole)


class LiabilityChunk(SQLModel, table=True):
    """A branch of a tree: its leaves' salts, hashes and nanos, packed, in the order of the salts, and its top."""

    __tablename__ = "liability_chunk"
    __table_args__ = (CheckConstraint("top_nanos >= 0", name="not_negative"), STRICT)

    tree_id: str = Field(primary_key=True, sa_type=Words)
    number: int = Field(primary_key=True, sa_type=Whole, sa_column_kwargs={"autoincrement": False})
    first_salt: str = Field(sa_type=Words)
    top: str = Field(sa_type=Words)
    top_nanos: int = Field(sa_type=Whole)
    leaves: bytes = Field(sa_type=Octets)
