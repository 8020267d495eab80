"""Legs that are to end early, said to the process that answers them by another one."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_5100_leg_stops"
down_revision: str | None = "2026_11_29_5000_user_parts"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "leg_stop",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("leg", whole, nullable=False, autoincrement=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("asked_at", whole, nullable=False),
        sa.PrimaryKeyConstraint("request_id", "leg", name=op.f("pk_leg_stop")),
        sqlite_strict=True,
    )
