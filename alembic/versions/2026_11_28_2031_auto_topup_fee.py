"""What an automatic charge costs beside, as its owner agreed: whoever agreed before has agreed to nothing beside."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_2031_auto_topup_fee"
down_revision: str | None = "2026_11_28_2036_drafts"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("auto_topup", sa.Column("fee_cents", whole, nullable=False, server_default="0"))
