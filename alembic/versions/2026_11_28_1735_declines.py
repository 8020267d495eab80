"""How often a card was declined for a top-up, and when the last time; nothing is known of what was before."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_1735_declines"
down_revision: str | None = "2026_11_28_1730_takebacks"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("topup", sa.Column("declines", whole, nullable=False, server_default="0"))
    op.add_column("topup", sa.Column("declined_at", whole, nullable=True))
