"""Models that are left alone because they failed: a row for each and each process, for as long as that lasts."""

from sqlmodel import Field, SQLModel

from app.sql.columns import STRICT, Whole, Words


class ModelBreaker(SQLModel, table=True):
    """A breaker that a process has opened, as it stood last; one that is closed has no row.

    What decides stands in the memory of the process: this is what operators read.
    """

    __tablename__ = "model_breaker"
    __table_args__ = (STRICT,)

    process: str = Field(primary_key=True, sa_type=Words)
    provider: str = Field(primary_key=True, sa_type=Words)
    model: str = Field(primary_key=True, sa_type=Words)
    credential: str = Field(primary_key=True, sa_type=Words)
    since: int = Field(sa_type=Whole)
    open_until: int = Field(sa_type=Whole)
    probe_until: int | None = Field(default=None, sa_type=Whole)
    reason: str = Field(sa_type=Words)
