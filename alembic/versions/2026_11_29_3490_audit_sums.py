"""The audit's job keeps what budgets and paywalls came to, and finds wrong sums without adding all of it up."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_3490_audit_sums"
down_revision: str | None = "2026_11_29_3301_alert_mails"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit_sum",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("nanos", _WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_audit_sum")),
        sqlite_strict=True,
    )
