"""A key of a paywall has a name, which those from before have not; an app has an icon once somebody gives it one."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_2035_icons"
down_revision: str | None = "2026_11_28_2020_users"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("paywall_key", sa.Column("name", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "paywall_icon",
        sa.Column("paywall_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("png", sa.LargeBinary(), nullable=False),
        sa.Column("changed_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["paywall_id"], ["paywall.id"], name=op.f("fk_paywall_icon_paywall_id_paywall")),
        sa.PrimaryKeyConstraint("paywall_id", name=op.f("pk_paywall_icon")),
        sqlite_strict=True,
    )
