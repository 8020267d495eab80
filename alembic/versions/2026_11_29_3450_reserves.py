"""The newest report on reserves of each environment, which everybody may read."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_3450_reserves"
down_revision: str | None = "2026_11_29_3490_audit_sums"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _whole(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def upgrade() -> None:
    op.create_table(
        "reserve_report",
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        _whole("lacking_nanos"),
        _whole("made_at"),
        sa.CheckConstraint("environment IN ('sandbox', 'live')", name=op.f("ck_reserve_report_known_environment")),
        sa.CheckConstraint("lacking_nanos >= 0", name=op.f("ck_reserve_report_lacking_not_negative")),
        sa.PrimaryKeyConstraint("environment", name=op.f("pk_reserve_report")),
        sqlite_strict=True,
    )
