"""Sums of users by model, key and source, and how often a model was asked beside others; all sums are built anew.

What is read until a build is done are the sums of before, which count several models as the word for how they were
asked, and have no parts of users.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_5000_user_parts"
down_revision: str | None = "2026_11_29_4181_conversations"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = ("rollup_quarter", "rollup_day", "rollup_user_day", "rollup_total", "rollup_top")
SUMS = (
    "requests", "gross_nanos", "refunds_nanos", "trial_nanos", "cost_nanos", "fee_nanos", "unknown_net_nanos",
    "unknown_fee_nanos", "input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens",
)  # fmt: skip


def upgrade() -> None:
    whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    for table in TABLES:
        op.add_column(table, sa.Column("also_asked", whole, nullable=False, server_default="0"))
    key = ("paywall_id", "build", "day", "external_id", "model", "key_id", "source")
    op.create_table(
        "rollup_user_part",
        *(sa.Column(name, whole if name in ("build", "day") else sa.Text(), nullable=False) for name in key),
        *(sa.Column(name, whole, nullable=False) for name in SUMS),
        sa.Column("also_asked", whole, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_rollup_user_part")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.execute(
        "UPDATE paywall_rollup SET next_zone = coalesce(next_zone, zone), next_after = '',"
        " next_build = CASE WHEN coalesce(next_build, 0) > build THEN next_build ELSE build END + 1"
    )
