"""Which users were shown a link, paid and used what they paid for: a row for each time round."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_3300_funnel"
down_revision: str | None = "2026_11_29_3151_payouts"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN = sa.text("paid_at IS NULL")
UNUSED = sa.text("paid_at IS NOT NULL AND used_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "funnel_round",
        sa.Column("paywall_id", sa.Text(), nullable=False),
        sa.Column("shown_at", WHOLE, nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("paid_at", WHOLE, nullable=True),
        sa.Column("used_at", WHOLE, nullable=True),
        sa.PrimaryKeyConstraint("paywall_id", "shown_at", "external_id", name=op.f("pk_funnel_round")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    by_user = ["paywall_id", "external_id"]
    op.create_index("ix_funnel_round_open", "funnel_round", by_user, unique=True, sqlite_where=OPEN,
                    postgresql_where=OPEN)  # fmt: skip
    op.create_index("ix_funnel_round_unused", "funnel_round", by_user, sqlite_where=UNUSED, postgresql_where=UNUSED)
