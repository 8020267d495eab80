"""A request that asks several models has a leg for each, with its part of the one charge."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_4101_request_leg"
down_revision: str | None = "2026_11_29_3690_delivery_answer"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def whole() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("request", sa.Column("mode", sa.Text()))
    op.create_table(
        "request_leg",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("leg", whole(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("billing_source", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("price_version", whole(), nullable=False),
        sa.Column("tokens", whole()),
        sa.Column("charge_nanos", whole(), nullable=False),
        sa.Column("cost_nanos", whole(), nullable=False),
        sa.CheckConstraint("status IN ('answered', 'failed', 'skipped', 'cut')", name="known_status"),
        sa.CheckConstraint("charge_nanos >= 0 AND cost_nanos >= 0", name="not_negative"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("ix_request_leg_request", "request_leg", ["request_id", "leg"], unique=True)
