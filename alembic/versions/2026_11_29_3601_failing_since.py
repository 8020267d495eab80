"""A job that fails says since when, one that never succeeded too."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_3601_failing_since"
down_revision: str | None = "2026_11_29_3600_found_by_name"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("job_run", sa.Column("failing_since", _WHOLE, nullable=True))


def downgrade() -> None:
    op.drop_column("job_run", "failing_since")
