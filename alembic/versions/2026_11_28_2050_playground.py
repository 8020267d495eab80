"""Let a paywall have a playground, and say how much it may be used.

Nobody's is open before its owner opens it; the address is a row's own, so that no two paywalls have the same.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_2050_playground"
down_revision: str | None = "2026_11_28_2070_earnings_due"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("paywall", sa.Column("slug", sa.Text(), nullable=True))
    op.add_column("paywall", sa.Column("playground_per_hour", _WHOLE, nullable=False, server_default="200"))
    op.create_index("ix_paywall_slug", "paywall", ["slug"], unique=True)
