"""Leases of processes and jobs, and how jobs went."""

from sqlmodel import Field, SQLModel

from app.sql.columns import STRICT, Whole, Words


class Lease(SQLModel, table=True):
    """Who has `name` (a process or a job) until `expires_at`."""

    __tablename__ = "lease"
    __table_args__ = (STRICT,)

    name: str = Field(primary_key=True, sa_type=Words)
    owner: str = Field(sa_type=Words)
    expires_at: int = Field(sa_type=Whole)


class JobRun(SQLModel, table=True):
    """How a job went last: when it began, when it last succeeded, and what went wrong if it did not, since when."""

    __tablename__ = "job_run"
    __table_args__ = (STRICT,)

    name: str = Field(primary_key=True, sa_type=Words)
    every_ms: int = Field(sa_type=Whole)
    started_at: int = Field(sa_type=Whole)
    succeeded_at: int | None = Field(default=None, sa_type=Whole)
    last_error: str | None = Field(default=None, sa_type=Words)
    failing_since: int | None = Field(default=None, sa_type=Whole)


class JobWish(SQLModel, table=True):
    """A job that an operator wants to run now; whoever runs it takes the row away before."""

    __tablename__ = "job_wish"
    __table_args__ = (STRICT,)

    name: str = Field(primary_key=True, sa_type=Words)
    asked_at: int = Field(sa_type=Whole)
