"""Orders, who pays for each, and an index by which an order's requests are added up."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_4162_orders"
down_revision: str | None = "2026_11_29_4161_preferences"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "paywall_order",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("id", "paywall_id", "external_id", "name")),
        sa.Column("billing_source", sa.Text(), nullable=True),
        *(sa.Column(name, whole, nullable=False) for name in ("may_fall_back", "was_asked")),
        sa.Column("details", sa.Text(), nullable=True),
        sa.Column("created_at", whole, nullable=False),
        sa.Column("chosen_at", whole, nullable=True),
        sa.Column("chosen_by", sa.Text(), nullable=True),
        sa.CheckConstraint("billing_source IN ('platform', 'byok')",
                           name=op.f("ck_paywall_order_known_billing_source")),
        sa.CheckConstraint("may_fall_back IN (0, 1) AND was_asked IN (0, 1)", name=op.f("ck_paywall_order_yes_or_no")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paywall_order")),
        sqlite_strict=True,
    )  # fmt: skip
    op.create_index("ix_paywall_order_paywall", "paywall_order", ["paywall_id", "id"], unique=False)
    op.create_index("ix_paywall_order_user", "paywall_order", ["paywall_id", "external_id", "id"], unique=False)
    filed = sa.text("order_id IS NOT NULL")
    op.create_index("ix_request_order", "request", ["paywall_id", "order_id", "id"], unique=False, sqlite_where=filed,
                    postgresql_where=filed)  # fmt: skip
