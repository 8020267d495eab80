"""Why a wallet is frozen is a row of its own: a dispute that is won must not thaw what an operator froze by hand.

Whatever is frozen today was frozen by hand.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_1540_freezes"
down_revision: str | None = "2026_11_28_1530_connection_state"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "wallet_freeze",
        sa.Column("wallet_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("reason IN ('operator', 'dispute', 'warning')", name=op.f("ck_wallet_freeze_known_reason")),
        sa.PrimaryKeyConstraint("wallet_id", "reason", "source", name=op.f("pk_wallet_freeze")),
        sqlite_strict=True,
    )
    for table in ("wallet", "shared_wallet"):
        op.execute(
            "INSERT INTO wallet_freeze (wallet_id, reason, source, created_at)"  # noqa: S608 - a name of ours
            f" SELECT id, 'operator', 'by hand', frozen_at FROM {table} WHERE frozen_at IS NOT NULL"
        )
