"""End users of an app and their wallets. Balances stand in the ledger, not here."""

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from app.domain.tables import STRICT, Whole, Words


class EndUser(SQLModel, table=True):
    """The app's own user; `external_id` is how the app names them."""

    __tablename__ = "end_user"
    __table_args__ = (Index("ix_end_user_external", "paywall_id", "external_id", unique=True), STRICT)

    id: str = Field(primary_key=True, sa_type=Words)
    paywall_id: str = Field(sa_type=Words, foreign_key="paywall.id")
    external_id: str = Field(sa_type=Words)
    created_at: int = Field(sa_type=Whole)


class Wallet(SQLModel, table=True):
    """A wallet; `account_id` is its ledger account."""

    __tablename__ = "wallet"
    __table_args__ = (Index("ix_wallet_end_user", "end_user_id"), STRICT)

    id: str = Field(primary_key=True, sa_type=Words)
    paywall_id: str = Field(sa_type=Words, foreign_key="paywall.id")
    end_user_id: str = Field(sa_type=Words, foreign_key="end_user.id")
    account_id: str = Field(sa_type=Words, unique=True)
    created_at: int = Field(sa_type=Whole)
