"""A delivery keeps how its endpoint's answer began that was no 2xx, so that its developer sees why."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_3690_delivery_answer"
down_revision: str | None = "2026_11_29_3701_usage_index"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("webhook_delivery", sa.Column("answer", sa.Text(), nullable=True))
