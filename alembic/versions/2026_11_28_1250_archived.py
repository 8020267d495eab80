"""A paywall can be archived, and taken out again; none is until somebody archives it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_1250_archived"
down_revision: str | None = "2026_11_28_1230_connections"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("paywall", sa.Column("archived_at", whole, nullable=True))
