"""The inbox: an event from a rail, stored before anything is done about it."""

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from app.sql.columns import STRICT, Whole, Words


class InboxEvent(SQLModel, table=True):
    """One event of a rail; `handled_at` is set in the transaction that acted on it."""

    __tablename__ = "inbox_event"
    __table_args__ = (Index("ix_inbox_event_open", "handled_at", "received_at"), STRICT)

    id: str = Field(primary_key=True, sa_type=Words)
    rail: str = Field(sa_type=Words)
    payment_id: str = Field(sa_type=Words)
    received_at: int = Field(sa_type=Whole)
    handled_at: int | None = Field(default=None, sa_type=Whole)
    attempts: int = Field(sa_type=Whole)
    last_error: str | None = Field(default=None, sa_type=Words)
