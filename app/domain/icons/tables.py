"""Icons of paywalls, one each."""

from sqlmodel import Field, SQLModel

from app.sql.columns import STRICT, Octets, Whole, Words


class PaywallIcon(SQLModel, table=True):
    """The PNG of a paywall; `digest` is the start of its SHA-256, which is part of its address."""

    __tablename__ = "paywall_icon"
    __table_args__ = (STRICT,)

    paywall_id: str = Field(primary_key=True, sa_type=Words, foreign_key="paywall.id")
    digest: str = Field(sa_type=Words)
    png: bytes = Field(sa_type=Octets)
    changed_at: int = Field(sa_type=Whole)
