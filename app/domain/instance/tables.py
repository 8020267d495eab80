"""The instance's own row, made by a migration."""

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from app.sql.columns import STRICT, Whole, Words


class Instance(SQLModel, table=True):
    """Which instance this is: 128 random bits that stay with the database, its backups included."""

    __tablename__ = "instance"
    __table_args__ = (CheckConstraint("number = 1", name="only_one"), STRICT)

    number: int = Field(primary_key=True, sa_type=Whole)
    id: str = Field(sa_type=Words)
