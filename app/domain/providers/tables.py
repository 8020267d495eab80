"""Providers that refuse, a row for each and for as long as it does."""

from sqlmodel import Field, SQLModel

from app.sql.columns import STRICT, Whole, Words


class ProviderRefusal(SQLModel, table=True):
    """A provider that refuses a paywall's requests; its next answer, another key or a good test takes the row away."""

    __tablename__ = "provider_refusal"
    __table_args__ = (STRICT,)

    paywall_id: str = Field(primary_key=True, sa_type=Words, foreign_key="paywall.id")
    provider: str = Field(primary_key=True, sa_type=Words)
    status: int = Field(sa_type=Whole)
    words: str = Field(sa_type=Words)
    since: int = Field(sa_type=Whole)
    last_at: int = Field(sa_type=Whole)
