"""A mail to operators is stored with what it tells, so that no crash between the two loses it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_3521_kept_mail"
down_revision: str | None = "2026_11_29_3520_batch_limit"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "kept_mail",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("id", "address", "subject", "text")),
        *(sa.Column(name, whole, nullable=False) for name in ("created_at", "tries", "next_at")),
        sa.Column("sent_at", whole, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_mail")),
        sqlite_strict=True,
    )
    unsent = sa.text("sent_at IS NULL")
    op.create_index("ix_kept_mail_unsent", "kept_mail", ["next_at"], sqlite_where=unsent, postgresql_where=unsent)
