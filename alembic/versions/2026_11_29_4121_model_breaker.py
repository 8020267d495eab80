"""Operators see which models each process leaves alone, since when, until when and why."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_4121_model_breaker"
down_revision: str | None = "2026_11_29_4101_request_leg"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def whole() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "model_breaker",
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("credential", sa.Text(), nullable=False),
        sa.Column("since", whole(), nullable=False),
        sa.Column("open_until", whole(), nullable=False),
        sa.Column("probe_until", whole()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("process", "provider", "model", "credential"),
        sqlite_strict=True,
    )
