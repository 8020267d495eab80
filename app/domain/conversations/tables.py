"""Conversations with their turns, and what an account wants kept at all. Texts come here sealed, and leave so."""

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from app.sql.columns import STRICT, Whole, Words


class ConversationRow(SQLModel, table=True):
    """A conversation of an account. `title` is sealed, None as long as it has none; `turns` is how many it has."""

    __tablename__ = "conversation"
    __table_args__ = (
        CheckConstraint("turns >= 0", name="turns_not_negative"),
        Index("ix_conversation_account", "account_id", "changed_at", "id"),
        STRICT,
    )

    id: str = Field(primary_key=True, sa_type=Words)
    account_id: str = Field(sa_type=Words, foreign_key="account.id")
    title: str | None = Field(default=None, sa_type=Words)
    turns: int = Field(default=0, sa_type=Whole)
    created_at: int = Field(sa_type=Whole)
    changed_at: int = Field(sa_type=Whole)


class ConversationTurn(SQLModel, table=True):
    """One question of a conversation with its answers, under the request that asked it.

    `mode` says how many models were asked and to what end; `content` is the sealed JSON of `app/domain/conversations`.
    """

    __tablename__ = "conversation_turn"
    __table_args__ = (
        Index("ix_conversation_turn_conversation", "conversation_id", "request_id"),
        Index("ix_conversation_turn_account", "account_id", "request_id"),
        STRICT,
    )

    request_id: str = Field(primary_key=True, sa_type=Words)
    conversation_id: str = Field(sa_type=Words, foreign_key="conversation.id")
    account_id: str = Field(sa_type=Words)
    mode: str = Field(sa_type=Words)
    content: str = Field(sa_type=Words)
    created_at: int = Field(sa_type=Whole)


class AccountPrivacy(SQLModel, table=True):
    """What an account wants kept; without a row, conversations are. With `zero_retention` no text ever is."""

    __tablename__ = "account_privacy"
    __table_args__ = (CheckConstraint("zero_retention IN (0, 1)", name="zero_retention_known"), STRICT)

    account_id: str = Field(primary_key=True, sa_type=Words, foreign_key="account.id")
    zero_retention: int = Field(sa_type=Whole)
    changed_at: int = Field(sa_type=Whole)
