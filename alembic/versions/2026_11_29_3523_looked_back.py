"""What came to an address before it was known here is asked for once: a restored backup may have forgotten it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_3523_looked_back"
down_revision: str | None = "2026_11_29_3522_token_looked_at"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("deposit_address", sa.Column("looked_back_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite")))
    fresh = sa.text("looked_back_at IS NULL")
    op.create_index("ix_deposit_address_fresh", "deposit_address", ["chain_id", "created_at"], sqlite_where=fresh,
                    postgresql_where=fresh)  # fmt: skip
