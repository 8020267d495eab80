"""An operator asks by a click that a job runs now; whichever process looks first takes the wish, and runs it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_3352_job_wish"
down_revision: str | None = "2026_11_29_3351_instance_setting"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "job_wish",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_wish")),
        sqlite_strict=True,
    )
