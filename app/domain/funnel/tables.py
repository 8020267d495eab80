"""The table of rounds."""

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from app.sql.columns import Whole, Words

IS_OPEN, IS_UNUSED = "paid_at IS NULL", "paid_at IS NOT NULL AND used_at IS NULL"


class FunnelRound(SQLModel, table=True):
    """A user of an app who was shown a link: when first, when money came after that, and when a charge after that.

    A user has at most one round without money; the links that they are shown meanwhile belong to it.
    """

    __tablename__ = "funnel_round"
    __table_args__ = (
        Index("ix_funnel_round_open", "paywall_id", "external_id", unique=True, sqlite_where=text(IS_OPEN),
              postgresql_where=text(IS_OPEN)),
        Index("ix_funnel_round_unused", "paywall_id", "external_id", sqlite_where=text(IS_UNUSED),
              postgresql_where=text(IS_UNUSED)),
        {"sqlite_strict": True, "sqlite_with_rowid": False},
    )  # fmt: skip

    paywall_id: str = Field(primary_key=True, sa_type=Words)
    shown_at: int = Field(primary_key=True, sa_type=Whole)
    external_id: str = Field(primary_key=True, sa_type=Words)
    paid_at: int | None = Field(default=None, sa_type=Whole)
    used_at: int | None = Field(default=None, sa_type=Whole)
