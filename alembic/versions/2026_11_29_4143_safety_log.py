"""What stopped requests, in codes, for whoever would have paid them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_4143_safety_log"
down_revision: str | None = "2026_11_29_4142_own_key_consent"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "safety_mark",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("paywall_id", sa.Text(), nullable=False),
        sa.Column("wallet_id", sa.Text(), nullable=False),
        sa.Column("at", whole, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('provider_refusal', 'content_filter', 'blocked', 'limit')",
                           name=op.f("ck_safety_mark_known_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_safety_mark")),
        sqlite_strict=True,
    )  # fmt: skip
    op.create_index("ix_safety_mark_wallet", "safety_mark", ["wallet_id", "id"])
    op.create_index("ix_safety_mark_request", "safety_mark", ["request_id"])
