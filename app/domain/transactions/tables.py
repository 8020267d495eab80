"""Accounts that send on chains, the transactions of each in the order of its numbers, and every form they took."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from app.sql.columns import STRICT, Octets, Whole, Words, one_of


class Purpose(StrEnum):
    """What a transaction is sent for."""

    PAYOUTS = "payouts"
    """It brings authorizations of payouts to the token."""
    CANCEL = "cancel"
    """It makes authorizations of payouts unusable for ever."""
    RELAY = "relay"
    """It brings an authorization that a user signed to the token."""
    SWEEP = "sweep"
    """It moves deposits to the treasury."""


class ChainAccount(SQLModel, table=True):
    """An account that sends on a chain; `next_number` is what its next transaction gets (its nonce).

    `id` is `chain:address`. It is the one place where numbers come from; what nodes count only raises an alarm.
    """

    __tablename__ = "chain_account"
    __table_args__ = (CheckConstraint("next_number >= 0", name="number_not_negative"), STRICT)

    id: str = Field(primary_key=True, sa_type=Words)
    chain_id: int = Field(sa_type=Whole)
    address: str = Field(sa_type=Words)
    next_number: int = Field(sa_type=Whole)
    created_at: int = Field(sa_type=Whole)


class ChainTransaction(SQLModel, table=True):
    """A transaction of an account, what it does, and for what; `finished_at` is when its number was final.

    Whether it succeeded is not here: nothing about a transaction decides about money. `alarmed_at` is when somebody was
    told that it is stuck though nothing more may be offered.
    """

    __tablename__ = "chain_transaction"
    __table_args__ = (
        CheckConstraint("purpose IN ('payouts', 'cancel', 'relay', 'sweep')", name="known_purpose"),
        Index("ix_chain_transaction_number", "account_id", "number", unique=True),
        Index("ix_chain_transaction_about", "about"),
        Index("ix_chain_transaction_open", "account_id", "created_at", sqlite_where=text("finished_at IS NULL"),
              postgresql_where=text("finished_at IS NULL")),
        STRICT,
    )  # fmt: skip

    id: str = Field(primary_key=True, sa_type=Words)
    account_id: str = Field(sa_type=Words, foreign_key="chain_account.id")
    number: int = Field(sa_type=Whole)
    purpose: Purpose = Field(sa_type=one_of(Purpose))
    about: str = Field(sa_type=Words)
    to_address: str = Field(sa_type=Words)
    data: bytes = Field(sa_type=Octets)
    gas: int = Field(sa_type=Whole)
    created_at: int = Field(sa_type=Whole)
    finished_at: int | None = Field(default=None, sa_type=Whole)
    alarmed_at: int | None = Field(default=None, sa_type=Whole)


class ChainAttempt(SQLModel, table=True):
    """One form of a transaction: its signed bytes and their hash, and what it offers; a later one offers more.

    All stay valid until one of them is mined, so all hashes are kept. `sent_at` is when it was last given to nodes,
    None before the first time.
    """

    __tablename__ = "chain_attempt"
    __table_args__ = (
        Index("ix_chain_attempt_transaction", "transaction_id", "id"),
        Index("ix_chain_attempt_hash", "hash"),
        STRICT,
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=Whole)
    transaction_id: str = Field(sa_type=Words, foreign_key="chain_transaction.id")
    raw: bytes = Field(sa_type=Octets)
    hash: str = Field(sa_type=Words)
    fee_wei: int = Field(sa_type=Whole)
    tip_wei: int = Field(sa_type=Whole)
    created_at: int = Field(sa_type=Whole)
    sent_at: int | None = Field(default=None, sa_type=Whole)
