"""From which network a top-up was begun, so that declines count for it; nothing is known of what was before."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_2032_topup_network"
down_revision: str | None = "2026_11_28_2031_auto_topup_fee"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("topup", sa.Column("network", sa.Text(), nullable=True))
    declined = sa.text("declined_at IS NOT NULL")
    op.create_index("ix_topup_declined", "topup", ["declined_at"], sqlite_where=declined, postgresql_where=declined)
