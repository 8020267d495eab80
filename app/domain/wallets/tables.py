"""End users of an app and their wallets. Balances stand in the ledger, not here."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from app.sql.columns import STRICT, Whole, Words, one_of


class FreezeReason(StrEnum):
    """Why a wallet may not be charged."""

    OPERATOR = "operator"
    """An operator said so."""
    DISPUTE = "dispute"
    """The funds of a payment into it were withdrawn by a dispute."""
    WARNING = "warning"
    """A card network holds a payment into it for fraud."""


class EndUser(SQLModel, table=True):
    """The app's own user; `external_id` is how the app names them. One that is blocked is refused everywhere."""

    __tablename__ = "end_user"
    __table_args__ = (
        Index("ix_end_user_external", "paywall_id", "external_id", unique=True),
        Index("ix_end_user_blocked", "paywall_id", sqlite_where=text("blocked_at IS NOT NULL"),
              postgresql_where=text("blocked_at IS NOT NULL")),
        STRICT,
    )  # fmt: skip

    id: str = Field(primary_key=True, sa_type=Words)
    paywall_id: str = Field(sa_type=Words, foreign_key="paywall.id")
    external_id: str = Field(sa_type=Words)
    created_at: int = Field(sa_type=Whole)
    blocked_at: int | None = Field(default=None, sa_type=Whole)


class SharedWallet(SQLModel, table=True):
    """The shared wallet of a person, one in each environment. Nothing is charged to one that is frozen."""

    __tablename__ = "shared_wallet"
    __table_args__ = (
        CheckConstraint("environment IN ('sandbox', 'live')", name="known_environment"),
        Index("ix_shared_wallet_person", "person_id", "environment", unique=True),
        STRICT,
    )

    id: str = Field(primary_key=True, sa_type=Words)
    person_id: str = Field(sa_type=Words, foreign_key="account.id")
    environment: str = Field(sa_type=Words)
    account_id: str = Field(sa_type=Words, unique=True)
    created_at: int = Field(sa_type=Whole)
    frozen_at: int | None = Field(default=None, sa_type=Whole)


class TrialGrant(SQLModel, table=True):
    """That an identity has had its trial in an environment, from which network address."""

    __tablename__ = "trial_grant"
    __table_args__ = (Index("ix_trial_grant_address", "address", "created_at"),
                      Index("ix_trial_grant_person", "person_id", "environment"), STRICT)  # fmt: skip

    id: str = Field(primary_key=True, sa_type=Words)
    person_id: str = Field(sa_type=Words, foreign_key="account.id")
    environment: str = Field(sa_type=Words)
    address: str = Field(sa_type=Words)
    amount_nanos: int = Field(sa_type=Whole)
    created_at: int = Field(sa_type=Whole)


class Wallet(SQLModel, table=True):
    """A wallet; `account_id` is its ledger account. Nothing is charged to one that is frozen."""

    __tablename__ = "wallet"
    __table_args__ = (
        Index("ix_wallet_end_user", "end_user_id"),
        Index("ix_wallet_frozen", "paywall_id", sqlite_where=text("frozen_at IS NOT NULL"),
              postgresql_where=text("frozen_at IS NOT NULL")),
        STRICT,
    )  # fmt: skip

    id: str = Field(primary_key=True, sa_type=Words)
    paywall_id: str = Field(sa_type=Words, foreign_key="paywall.id")
    end_user_id: str = Field(sa_type=Words, foreign_key="end_user.id")
    account_id: str = Field(sa_type=Words, unique=True)
    created_at: int = Field(sa_type=Whole)
    frozen_at: int | None = Field(default=None, sa_type=Whole)


class WalletFreeze(SQLModel, table=True):
    """One reason for which a wallet may not be charged; `source` is what brought it about, once for each reason.

    `frozen_at` of the wallet is set as long as it has one.
    """

    __tablename__ = "wallet_freeze"
    __table_args__ = (
        CheckConstraint("reason IN ('operator', 'dispute', 'warning')", name="known_reason"),
        STRICT,
    )

    wallet_id: str = Field(primary_key=True, sa_type=Words)
    reason: FreezeReason = Field(primary_key=True, sa_type=one_of(FreezeReason))
    source: str = Field(primary_key=True, sa_type=Words)
    created_at: int = Field(sa_type=Whole)
