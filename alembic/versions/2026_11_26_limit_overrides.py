"""Limits of single users and keys, because one user may have a larger plan than the paywall's defaults allow."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_26_limit_overrides"
down_revision: str | None = "2026_11_26_catalogue"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    whole = sa.Integer() if op.get_bind().dialect.name == "sqlite" else sa.BigInteger()
    op.create_table(
        "limit_override",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("paywall_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("limits", sa.Text(), nullable=False),
        sa.Column("changed_at", whole, nullable=False),
        sa.CheckConstraint("scope IN ('user', 'key')", name=op.f("ck_limit_override_known_scope")),
        sa.ForeignKeyConstraint(["paywall_id"], ["paywall.id"], name=op.f("fk_limit_override_paywall_id_paywall")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_limit_override")),
        sqlite_strict=True,
    )
    op.create_index("ix_limit_override_paywall", "limit_override", ["paywall_id"])
