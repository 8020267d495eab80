"""Connections, and the inbox: an event from one, stored before anything is done about it."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from app.domain.money import Environment
from app.sql.columns import STRICT, Whole, Words, one_of


class ObjectKind(StrEnum):
    """What kind of a rail's object an event tells of; each kind is read back by who understands it."""

    PAYMENT = "payment"
    """A checkout, or the payment that it came to."""
    REFUND = "refund"
    """Money that goes back, whoever asked for that."""
    DISPUTE = "dispute"
    """A payer's bank wants the money back, or asks why it should not."""
    WARNING = "warning"
    """The payer's bank believes that a payment is a fraud, and has not asked for it back."""
    CARD = "card"
    """A saved card, or the saving of one."""


_REFUSED = "handled_at IS NOT NULL AND last_error IS NOT NULL"


class EndpointStatus(StrEnum):
    """What a rail says of our webhook endpoint there."""

    ENABLED = "enabled"
    """It sends."""
    DISABLED = "disabled"
    """It has stopped sending, by itself or by its owner."""
    MISSING = "missing"
    """There is none of this name any more."""


class ConnectionRow(SQLModel, table=True):
    """One account at a rail as we reach it.

    `paywall_id` is None for the operator's own; `account` is the rail's name of the account, None where it has none.
    `key_sealed` is what opens it, kept after `disconnected_at` so that what is open can end. `endpoint_id` is the
    rail's name of our webhook endpoint there. `events_read_to` is how far its list of events was read, in seconds of
    its own clock, `events_read_at` when it was read to its end, by ours. `refused_at` is when it last refused our key
    and `told_at` when its owner was told; both are empty while all is well.
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
    key_sealed: str | None = Field(default=None, sa_type=Words)
    disconnected_at: int | None = Field(default=None, sa_type=Whole)
    settles_usd: int | None = Field(default=None, sa_type=Whole)
    endpoint_id: str | None = Field(default=None, sa_type=Words)
    endpoint_status: EndpointStatus | None = Field(default=None, sa_type=one_of(EndpointStatus))
    checked_at: int | None = Field(default=None, sa_type=Whole)
    events_read_to: int | None = Field(default=None, sa_type=Whole)
    events_read_at: int | None = Field(default=None, sa_type=Whole)
    last_error: str | None = Field(default=None, sa_type=Words)
    refused_at: int | None = Field(default=None, sa_type=Whole)
    told_at: int | None = Field(default=None, sa_type=Whole)


class ConnectionSecret(SQLModel, table=True):
    """What the events of one endpoint of a connection are signed with, sealed; several while a key is rotated.

    `retires_at` is when it is accepted no longer, None for the endpoint that is there.
    """

    __tablename__ = "connection_secret"
    __table_args__ = (STRICT,)

    connection_id: str = Field(primary_key=True, sa_type=Words, foreign_key="connection.id")
    endpoint_id: str = Field(primary_key=True, sa_type=Words)
    secret_sealed: str = Field(sa_type=Words)
    created_at: int = Field(sa_type=Whole)
    retires_at: int | None = Field(default=None, sa_type=Whole)


class InboxEvent(SQLModel, table=True):
    """One event of a connection; `handled_at` is set in the transaction that acted on it.

    Its id is whatever the connection says, so that it counts within the connection only. `object_id` is what is read
    back, and `kind` by whom; `next_at` is when it may be tried again.
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
    kind: ObjectKind = Field(default=ObjectKind.PAYMENT, sa_type=one_of(ObjectKind),
                             sa_column_kwargs={"server_default": ObjectKind.PAYMENT.value})  # fmt: skip
    object_id: str = Field(sa_type=Words)
    received_at: int = Field(sa_type=Whole)
    next_at: int = Field(sa_type=Whole)
    handled_at: int | None = Field(default=None, sa_type=Whole)
    attempts: int = Field(sa_type=Whole)
    last_error: str | None = Field(default=None, sa_type=Words)
