"""Connections, and the inbox: an event from one, stored before anything is done about it."""

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from app.domain.money import Environment
from app.sql.columns import STRICT, Whole, Words, one_of

_REFUSED = "handled_at IS NOT NULL AND last_error IS NOT NULL"


class ConnectionRow(SQLModel, table=True):
    """One account at a rail as we reach it.

    `paywall_id` is None for the operator's own; `account` is the rail's name of the account, None where it has none.
    """

    __tablename__ = "connection"
    __table_args__ = (
        CheckConstraint("environment IN ('sandbox', 'live')", name="known_environment"),
        Index("ix_connection_paywall", "paywall_id"),
        STRICT,
    )

    id: str = Field(primary_key=True, sa_type=Words)
    rail: str = Field(sa_type=Words)
    environment: Environment = Field(sa_type=one_of(Environment))
    paywall_id: str | None = Field(default=None, sa_type=Words, foreign_key="paywall.id")
    account: str | None = Field(default=None, sa_type=Words)
    created_at: int = Field(sa_type=Whole)


class InboxEvent(SQLModel, table=True):
    """One event of a connection; `handled_at` is set in the transaction that acted on it.

    Its id is whatever the connection says, so that it counts within the connection only. `object_id` is what is read
    back; `next_at` is when it may be tried again.
    """

    __tablename__ = "inbox_event"
    __table_args__ = (
        Index("ix_inbox_event_open", "connection_id", "next_at", sqlite_where=text("handled_at IS NULL"),
              postgresql_where=text("handled_at IS NULL")),
        Index("ix_inbox_event_refused", "connection_id", "handled_at", sqlite_where=text(_REFUSED),
              postgresql_where=text(_REFUSED)),
        STRICT,
    )  # fmt: skip

    connection_id: str = Field(primary_key=True, sa_type=Words, foreign_key="connection.id")
    id: str = Field(primary_key=True, sa_type=Words)
    object_id: str = Field(sa_type=Words)
    received_at: int = Field(sa_type=Whole)
    next_at: int = Field(sa_type=Whole)
    handled_at: int | None = Field(default=None, sa_type=Whole)
    attempts: int = Field(sa_type=Whole)
    last_error: str | None = Field(default=None, sa_type=Words)
