"""How far a paywall's pending earnings have become available."""

from sqlmodel import Field, SQLModel

from app.sql.columns import STRICT, Whole, Words


class EarningsMaturity(SQLModel, table=True):
    """Of the pending earnings account `account_id`, all that was earned before `until` has been made available.

    No transfer with an id up to `transfer_id` is younger than that.
    """

    __tablename__ = "earnings_maturity"
    __table_args__ = (STRICT,)

    account_id: str = Field(primary_key=True, sa_type=Words)
    until: int = Field(sa_type=Whole)
    transfer_id: int = Field(sa_type=Whole)
    changed_at: int = Field(sa_type=Whole)
