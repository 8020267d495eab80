"""What operators did by hand that is no paywall's."""

from typing import Any

from sqlmodel import Field, SQLModel

from app.sql.columns import STRICT, Json, Whole, Words


class OperatorChange(SQLModel, table=True):
    """Something that an operator did; `made_by` is their account, `about` the id of what it was done to.

    A row is written once, in the transaction of what it tells of, and never changed. `what` is JSON without secrets.
    """

    __tablename__ = "operator_change"
    __table_args__ = (STRICT,)

    id: str = Field(primary_key=True, sa_type=Words)
    made_by: str = Field(sa_type=Words)
    about: str = Field(sa_type=Words)
    what: Any = Field(sa_type=Json, nullable=False)
    created_at: int = Field(sa_type=Whole)
