"""End users of an app and their wallets. Balances stand in the ledger, not here."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from app.domain.money import Unit
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
        Index("ix_end_user_name", "external_id"),
        Index("ix_end_user_newest", "paywall_id", "created_at", "id"),
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
    """A wallet of a person's own, one of each unit in each environment: USDC for all apps, or credits.

    Nothing is charged to one that is frozen.
    """

    __tablename__ = "shared_wallet"
    __table_args__ = (
        CheckConstraint("environment IN ('sandbox', 'live')", name="known_environment"),
        CheckConstraint("unit IN ('USDC', 'CREDIT')", name="known_unit"),
        Index("ix_shared_wallet_person", "person_id", "environment", "unit", unique=True),
        STRICT,
    )

    id: str = Field(primary_key=True, sa_type=Words)
    person_id: str = Field(sa_type=Words, foreign_key="account.id")
    environment: str = Field(sa_type=Words)
    account_id: str = Field(sa_type=Words, unique=True)
    created_at: int = Field(sa_type=Whole)
    frozen_at: int | None = Field(default=None, sa_type=Whole)
    unit: str = Field(default=Unit.USDC.value, sa_type=Words, sa_column_kwargs={"server_default": Unit.USDC.value})


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


class LotMethod(StrEnum):
    """How the money of a lot was paid in; in this order it is spent."""

    CARD = "card"
    """By card; what is unspent can go back to that card alone."""
    USDC = "usdc"
    """On a chain; what is unspent can go back to an address of its owner."""
    OTHER = "other"
    """In another way, which it cannot go back by."""


class WalletLots(SQLModel, table=True):
    """How far the lots of a wallet were brought up to date: up to the ledger's transfer `transfer_id`.

    `debt_nanos` is what no lot paid then: how far the wallet was below zero. `written_off_nanos` is what an operator
    paid of its debt and has not got back, `postings` how often earnings were taken back or reinstated on its account.
    """

    __tablename__ = "wallet_lots"
    __table_args__ = (
        CheckConstraint("debt_nanos >= 0 AND written_off_nanos >= 0 AND postings >= 0", name="not_negative"),
        STRICT,
    )

    wallet_id: str = Field(primary_key=True, sa_type=Words)
    transfer_id: int = Field(sa_type=Whole)
    debt_nanos: int = Field(sa_type=Whole)
    written_off_nanos: int = Field(sa_type=Whole)
    postings: int = Field(sa_type=Whole)


class Lot(SQLModel, table=True):
    """Money that came into a shared wallet at once; one of a card has its top-up's id, another that of its posting.

    Of `amount_nanos`, charges spent `spent_nanos`, its own refunds and disputes, or withdrawals where it came as USDC,
    took back `back_nanos` of what was not spent, and `covered_nanos` paid what disputes of other lots took and was
    spent; the rest is there.
    """

    __tablename__ = "lot"
    __table_args__ = (
        CheckConstraint("amount_nanos > 0", name="amount_positive"),
        CheckConstraint("spent_nanos >= 0 AND back_nanos >= 0 AND covered_nanos >= 0", name="not_negative"),
        CheckConstraint("spent_nanos + back_nanos + covered_nanos <= amount_nanos", name="within_amount"),
        CheckConstraint("method IN ('card', 'usdc', 'other')", name="known_method"),
        Index("ix_lot_wallet", "wallet_id", "transfer_id"),
        STRICT,
    )

    id: str = Field(primary_key=True, sa_type=Words)
    wallet_id: str = Field(sa_type=Words)
    method: LotMethod = Field(sa_type=one_of(LotMethod))
    transfer_id: int = Field(sa_type=Whole)
    amount_nanos: int = Field(sa_type=Whole)
    spent_nanos: int = Field(sa_type=Whole)
    back_nanos: int = Field(sa_type=Whole)
    covered_nanos: int = Field(sa_type=Whole)


class LotUse(SQLModel, table=True):
    """What a lot paid of a request's charge, below zero for what a refund of that charge gave back to it.

    `transfer_id` is the first of the transfers that took it from the wallet.
    """

    __tablename__ = "lot_use"
    __table_args__ = (
        CheckConstraint("amount_nanos <> 0", name="amount_not_zero"),
        Index("ix_lot_use_request", "request_id"),
        STRICT,
    )

    transfer_id: int = Field(primary_key=True, sa_type=Whole)
    lot_id: str = Field(primary_key=True, sa_type=Words, foreign_key="lot.id")
    request_id: str | None = Field(default=None, sa_type=Words)
    amount_nanos: int = Field(sa_type=Whole)


class LotEarning(SQLModel, table=True):
    """What a lot paid of a developer's earning, below zero for what a refund of that charge took from it again.

    `earning_id` is the transfer to the pending earnings, `transfer_id` the one that this row is of.
    """

    __tablename__ = "lot_earning"
    __table_args__ = (
        CheckConstraint("amount_nanos <> 0", name="amount_not_zero"),
        Index("ix_lot_earning_lot", "lot_id", "earning_id"),
        Index("ix_lot_earning_request", "request_id"),
        STRICT,
    )

    transfer_id: int = Field(primary_key=True, sa_type=Whole)
    lot_id: str = Field(primary_key=True, sa_type=Words, foreign_key="lot.id")
    earning_id: int = Field(primary_key=True, sa_type=Whole)
    request_id: str | None = Field(default=None, sa_type=Words)
    amount_nanos: int = Field(sa_type=Whole)
