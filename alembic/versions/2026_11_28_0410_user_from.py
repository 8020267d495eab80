"""Each request says which place of its call named the end user, because a body can name anybody.

Requests from before do not say it.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_0410_user_from"
down_revision: str | None = "2026_11_26_budget_sets"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("request", sa.Column("user_from", sa.Text(), nullable=True))
