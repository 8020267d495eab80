"""The instance's own row, made by a migration, and what an operator chose while it runs."""

from typing import Any

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from app.sql.columns import STRICT, Json, Whole, Words


class Instance(SQLModel, table=True):
    """Which instance this is: 128 random bits that stay with the database, its backups included."""

    __tablename__ = "instance"
    __table_args__ = (CheckConstraint("number = 1", name="only_one"), STRICT)

    number: int = Field(primary_key=True, sa_type=Whole)
    id: str = Field(sa_type=Words)


class InstanceSetting(SQLModel, table=True):
    """A setting that an operator chose, over what the environment says; without a row the environment counts."""

    __tablename__ = "instance_setting"
    __table_args__ = (STRICT,)

    name: str = Field(primary_key=True, sa_type=Words)
    value: Any = Field(sa_type=Json, nullable=False)
    changed_by: str = Field(sa_type=Words)
    changed_at: int = Field(sa_type=Whole)
