"""The legs of requests that asked more than one model, and which are to end early; one that asked one has none."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from app.sql.columns import STRICT, Whole, Words, one_of


class LegStatus(StrEnum):
    """What became of a leg."""

    ANSWERED = "answered"
    """Its model answered to the end."""
    FAILED = "failed"
    """Nothing usable came of it; it costs nothing."""
    SKIPPED = "skipped"
    """Its model was not asked."""
    CUT = "cut"
    """Its answer was ended before its end: free where that was ours, else charged as delivered."""


class RequestLeg(SQLModel, table=True):
    """One model's part of a request, written with the settlement that ends it.

    `leg` counts from 0 in the order in which the request named its models. `charge_nanos` are its part of the request's
    charge, all of which the legs together are; `cost_nanos` is what its provider is owed by our price. A refund has the
    legs that gave something back, and their `charge_nanos` are what they gave.
    """

    __tablename__ = "request_leg"
    __table_args__ = (
        CheckConstraint("status IN ('answered', 'failed', 'skipped', 'cut')", name="known_status"),
        CheckConstraint("charge_nanos >= 0 AND cost_nanos >= 0", name="not_negative"),
        Index("ix_request_leg_request", "request_id", "leg", unique=True),
        STRICT,
    )

    id: str = Field(primary_key=True, sa_type=Words)
    request_id: str = Field(sa_type=Words)
    leg: int = Field(sa_type=Whole)
    model: str = Field(sa_type=Words)
    provider: str = Field(sa_type=Words)
    billing_source: str = Field(sa_type=Words)
    status: LegStatus = Field(sa_type=one_of(LegStatus))
    price_version: int = Field(sa_type=Whole)
    tokens: int | None = Field(default=None, sa_type=Whole)
    charge_nanos: int = Field(sa_type=Whole)
    cost_nanos: int = Field(sa_type=Whole)


class LegStop(SQLModel, table=True):
    """A leg that whoever asked wants to hear no more of, until the process takes it that answers the request.

    `account_id` is who wants that; `asked_at` is in microseconds.
    """

    __tablename__ = "leg_stop"
    __table_args__ = (STRICT,)

    request_id: str = Field(primary_key=True, sa_type=Words)
    leg: int = Field(primary_key=True, sa_type=Whole)
    account_id: str = Field(sa_type=Words)
    asked_at: int = Field(sa_type=Whole)
