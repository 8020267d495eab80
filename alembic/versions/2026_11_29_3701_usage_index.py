"""What somebody's own wallets paid for is found by wallet; an app's own wallets, which count dollars, are left out."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_3701_usage_index"
down_revision: str | None = "2026_11_29_3700_credits"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index(
        "ix_request_wallet",
        "request",
        ["wallet_id", "id"],
        unique=False,
        sqlite_where=sa.text("unit <> 'USD'"),
        postgresql_where=sa.text("unit <> 'USD'"),
    )
