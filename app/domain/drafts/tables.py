"""What the wizard keeps of a paywall that is about to be made."""

from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from app.sql.columns import STRICT, Json, Whole, Words

_IS_OPEN = text("made_at IS NULL")


class PaywallDraft(SQLModel, table=True):
    """A paywall that an account is about to make, under the id that it will have; an account has one that is open.

    `content` is the JSON of `drafts.Plan`, its keys sealed. With `made_at` the paywall is there, and its first request
    is waited for; `asked` is the JSON of `drafts.Asked`, the first link that was sent in an answer's place.
    """

    __tablename__ = "paywall_draft"
    __table_args__ = (
        Index("ix_paywall_draft_open", "account_id", unique=True, sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),
        Index("ix_paywall_draft_changed", "changed_at"),
        STRICT,
    )

    paywall_id: str = Field(primary_key=True, sa_type=Words)
    account_id: str = Field(sa_type=Words, foreign_key="account.id")
    content: Any = Field(sa_type=Json, nullable=False)
    asked: Any = Field(default=None, sa_type=Json, nullable=True)
    created_at: int = Field(sa_type=Whole)
    changed_at: int = Field(sa_type=Whole)
    made_at: int | None = Field(default=None, sa_type=Whole)
