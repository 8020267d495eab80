"""A batch of payouts above its limit waits for an operator; those of before went out as they were opened."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_3520_batch_limit"
down_revision: str | None = "2026_11_29_3501_liabilities"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("payout_batch", sa.Column("released_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite")))
    op.add_column("payout_batch", sa.Column("released_by", sa.Text()))
    op.execute("UPDATE payout_batch SET released_at = created_at")
    waiting = sa.text("released_at IS NULL")
    op.create_index("ix_payout_batch_waiting", "payout_batch", ["chain_id", "id"], sqlite_where=waiting,
                    postgresql_where=waiting)  # fmt: skip
