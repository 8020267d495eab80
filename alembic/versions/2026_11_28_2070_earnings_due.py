"""When a paywall's pending earnings become available, day by day, so that its developer's page reads no transfer."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_2070_earnings_due"
down_revision: str | None = "2026_11_28_2060_refusals"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "earnings_due",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("day", WHOLE, nullable=False),
        sa.Column("amount_nanos", WHOLE, nullable=False),
        sa.Column("made_at", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "day", name=op.f("pk_earnings_due")),
        sqlite_strict=True,
    )
