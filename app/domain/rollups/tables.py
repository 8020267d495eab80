"""The tables of rollups: sums by quarter hour, by local day, by user and day and by their parts, and the top users of a
few spans."""

from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from app.domain.rollups.sum_columns import SumColumns
from app.sql.columns import Whole, Words

CLUSTERED = {"sqlite_strict": True, "sqlite_with_rowid": False}
"""As `STRICT`, and SQLite keeps the rows in the order of their key, in which they are read."""


class PaywallRollup(SQLModel, table=True):
    """How a paywall is counted: who adds to its sums locks this row.

    Rows of sums carry a `build`; those of the one that stands here are read. Days are those of `zone`. While
    `next_build` is made, in the days of `next_zone`, it has all that is counted of requests up to the id `next_after`.
    `asked_at` is when a zone was chosen last, `counted_at` when anything was counted last, `listed_at` when the top
    users were listed last.
    """

    __tablename__ = "paywall_rollup"
    __table_args__ = (
        CheckConstraint("(next_zone IS NULL) = (next_build IS NULL) AND (next_zone IS NULL) = (next_after IS NULL)",
                        name="next_is_whole"),
        Index("ix_paywall_rollup_next", "next_build", sqlite_where=text("next_build IS NOT NULL"),
              postgresql_where=text("next_build IS NOT NULL")),
        {"sqlite_strict": True},
    )  # fmt: skip

    paywall_id: str = Field(primary_key=True, sa_type=Words, foreign_key="paywall.id")
    zone: str = Field(sa_type=Words)
    build: int = Field(sa_type=Whole)
    next_zone: str | None = Field(default=None, sa_type=Words)
    next_build: int | None = Field(default=None, sa_type=Whole)
    next_after: str | None = Field(default=None, sa_type=Words)
    asked_at: int | None = Field(default=None, sa_type=Whole)
    counted_at: int | None = Field(default=None, sa_type=Whole)
    listed_at: int | None = Field(default=None, sa_type=Whole)


class RollupQuarter(SumColumns, table=True):
    """A quarter of an hour; `start` in microseconds. `model` and `key_id` are empty where there is none."""

    __tablename__ = "rollup_quarter"
    __table_args__: Any = (CLUSTERED,)

    paywall_id: str = Field(primary_key=True, sa_type=Words)
    build: int = Field(primary_key=True, sa_type=Whole)
    start: int = Field(primary_key=True, sa_type=Whole)
    model: str = Field(primary_key=True, sa_type=Words)
    key_id: str = Field(primary_key=True, sa_type=Words)
    source: str = Field(primary_key=True, sa_type=Words)


class RollupDay(SumColumns, table=True):
    """A day of the paywall's zone, counted from 1970-01-01. `source` is who paid the provider: `billing_source`."""

    __tablename__ = "rollup_day"
    __table_args__: Any = (CLUSTERED,)

    paywall_id: str = Field(primary_key=True, sa_type=Words)
    build: int = Field(primary_key=True, sa_type=Whole)
    day: int = Field(primary_key=True, sa_type=Whole)
    model: str = Field(primary_key=True, sa_type=Words)
    key_id: str = Field(primary_key=True, sa_type=Words)
    source: str = Field(primary_key=True, sa_type=Words)


class RollupUserDay(SumColumns, table=True):
    """A day of one user, the app's own id of them."""

    __tablename__ = "rollup_user_day"
    __table_args__: Any = (CLUSTERED,)

    paywall_id: str = Field(primary_key=True, sa_type=Words)
    build: int = Field(primary_key=True, sa_type=Whole)
    day: int = Field(primary_key=True, sa_type=Whole)
    external_id: str = Field(primary_key=True, sa_type=Words)


class RollupUserPart(SumColumns, table=True):
    """What a user had of one model, key and source on a day: whatever users are told apart by beside days."""

    __tablename__ = "rollup_user_part"
    __table_args__: Any = (CLUSTERED,)

    paywall_id: str = Field(primary_key=True, sa_type=Words)
    build: int = Field(primary_key=True, sa_type=Whole)
    day: int = Field(primary_key=True, sa_type=Whole)
    external_id: str = Field(primary_key=True, sa_type=Words)
    model: str = Field(primary_key=True, sa_type=Words)
    key_id: str = Field(primary_key=True, sa_type=Words)
    source: str = Field(primary_key=True, sa_type=Words)


class RollupTotal(SumColumns, table=True):
    """A day of all of a paywall, and how many users had anything on it: what a chart of months reads."""

    __tablename__ = "rollup_total"
    __table_args__: Any = (CLUSTERED,)

    paywall_id: str = Field(primary_key=True, sa_type=Words)
    build: int = Field(primary_key=True, sa_type=Whole)
    day: int = Field(primary_key=True, sa_type=Whole)
    users: int = Field(sa_type=Whole)


class RollupSpan(SQLModel, table=True):
    """How many users a paywall had in the last `days` days, the one of `last_day` included, as `made_at` counted."""

    __tablename__ = "rollup_span"
    __table_args__ = (CLUSTERED,)

    paywall_id: str = Field(primary_key=True, sa_type=Words)
    days: int = Field(primary_key=True, sa_type=Whole)
    last_day: int = Field(sa_type=Whole)
    users: int = Field(sa_type=Whole)
    made_at: int = Field(sa_type=Whole)


class RollupTop(SumColumns, table=True):
    """A user of a span, the `rank`th by what they were charged, the first is 1."""

    __tablename__ = "rollup_top"
    __table_args__: Any = (CLUSTERED,)

    paywall_id: str = Field(primary_key=True, sa_type=Words)
    days: int = Field(primary_key=True, sa_type=Whole)
    rank: int = Field(primary_key=True, sa_type=Whole)
    external_id: str = Field(sa_type=Words)
