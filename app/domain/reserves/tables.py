"""The newest report on reserves of each environment."""

from typing import Any

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from app.domain.money import Environment
from app.sql.columns import STRICT, Json, Whole, one_of


class ReserveReport(SQLModel, table=True):
    """What was found last: `document` is published as it is, `lacking_nanos` is what chains hold too little."""

    __tablename__ = "reserve_report"
    __table_args__ = (
        CheckConstraint("environment IN ('sandbox', 'live')", name="known_environment"),
        CheckConstraint("lacking_nanos >= 0", name="lacking_not_negative"),
        STRICT,
    )

    environment: Environment = Field(primary_key=True, sa_type=one_of(Environment))
    document: dict[str, Any] = Field(sa_type=Json)
    lacking_nanos: int = Field(sa_type=Whole)
    made_at: int = Field(sa_type=Whole)
