"""Trees over what is owed: their roots, and the leaves of the newest, in branches."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_3501_liabilities"
down_revision: str | None = "2026_11_29_3500_withdrawals"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "liability_tree",
        _text("id"), _text("environment"), _text("unit"), sa.Column("secret", sa.LargeBinary(), nullable=False),
        _text("root"), _whole("total_nanos"), _whole("below_nanos"), _whole("leaves"), _text("places"),
        sa.Column("previous", sa.Text(), nullable=True), _whole("made_at"),
        sa.CheckConstraint("environment IN ('sandbox', 'live')", name=op.f("ck_liability_tree_known_environment")),
        sa.CheckConstraint("unit IN ('USD', 'USDC', 'CREDIT')", name=op.f("ck_liability_tree_known_unit")),
        sa.CheckConstraint("total_nanos >= 0 AND below_nanos >= 0 AND leaves >= 0",
                           name=op.f("ck_liability_tree_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_liability_tree")),
        sqlite_strict=True,
    )  # fmt: skip
    op.create_index("ix_liability_tree_made", "liability_tree", ["environment", "unit", "made_at"])
    op.create_table(
        "liability_chunk",
        _text("tree_id"), _whole("number", autoincrement=False), _text("first_salt"), _text("top"),
        _whole("top_nanos"), sa.Column("leaves", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("top_nanos >= 0", name=op.f("ck_liability_chunk_not_negative")),
        sa.PrimaryKeyConstraint("tree_id", "number", name=op.f("pk_liability_chunk")),
        sqlite_strict=True,
    )  # fmt: skip


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=False)


def _whole(name: str, **more: Any) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, **more)
