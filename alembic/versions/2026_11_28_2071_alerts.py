"""What a developer wants to be told of a paywall, and what they were told, so that each thing is told once."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_2071_alerts"
down_revision: str | None = "2026_11_28_2080_developer_keys"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UNMAILED = sa.text("mailed_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "alert_rule",
        sa.Column("paywall_id", sa.Text(), nullable=False),
        sa.Column("monthly_nanos", WHOLE, nullable=False),
        sa.Column("changed_at", WHOLE, nullable=False),
        sa.CheckConstraint("monthly_nanos > 0", name=op.f("ck_alert_rule_monthly_positive")),
        sa.ForeignKeyConstraint(["paywall_id"], ["paywall.id"], name=op.f("fk_alert_rule_paywall_id_paywall")),
        sa.PrimaryKeyConstraint("paywall_id", name=op.f("pk_alert_rule")),
        sqlite_strict=True,
    )
    op.create_table(
        "alert",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("paywall_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("threshold", WHOLE, nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("raised_at", WHOLE, nullable=False),
        sa.Column("mailed_at", WHOLE, nullable=True),
        sa.CheckConstraint(
            "kind IN ('spend', 'provider_refused', 'webhook_failing', 'rollups_behind')",
            name=op.f("ck_alert_known_kind"),
        ),
        sa.ForeignKeyConstraint(["paywall_id"], ["paywall.id"], name=op.f("fk_alert_paywall_id_paywall")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sqlite_strict=True,
    )
    op.create_index("ix_alert_paywall", "alert", ["paywall_id", "raised_at"])
    op.create_index("ix_alert_unmailed", "alert", ["raised_at"], sqlite_where=UNMAILED, postgresql_where=UNMAILED)
