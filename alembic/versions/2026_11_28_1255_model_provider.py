"""A model's price names who serves it, and what the model is called there.

A price from before names nobody: the paywall had one provider, which is its default, and the name is the same.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_1255_model_provider"
down_revision: str | None = "2026_11_28_1250_archived"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("model_price", sa.Column("provider", sa.Text(), nullable=True))
    op.add_column("model_price", sa.Column("upstream_model", sa.Text(), nullable=True))
