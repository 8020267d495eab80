"""Leases of processes and jobs."""

from sqlmodel import Field, SQLModel

from app.sql.columns import STRICT, Whole, Words


class Lease(SQLModel, table=True):
    """Who has `name` (a process or a job) until `expires_at`."""

    __tablename__ = "lease"
    __table_args__ = (STRICT,)

    name: str = Field(primary_key=True, sa_type=Words)
    owner: str = Field(sa_type=Words)
    expires_at: int = Field(sa_type=Whole)
