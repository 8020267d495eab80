"""Developers call the Management API with keys of their own, of which only the hash is kept."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_2080_developer_keys"
down_revision: str | None = "2026_11_28_2050_playground"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "developer_key",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("last_four", sa.Text(), nullable=False),
        sa.Column("may_write", whole, nullable=False),
        sa.Column("created_at", whole, nullable=False),
        sa.Column("revoked_at", whole, nullable=True),
        sa.CheckConstraint("may_write IN (0, 1)", name=op.f("ck_developer_key_may_or_not")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_developer_key_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_developer_key")),
        sa.UniqueConstraint("hash", name=op.f("uq_developer_key_hash")),
        sqlite_strict=True,
    )
    op.create_index("ix_developer_key_account", "developer_key", ["account_id"])
