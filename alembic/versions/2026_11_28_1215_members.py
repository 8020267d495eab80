"""Paywalls get members and a log of what was changed.

No row is written: a paywall without an owner is the operators', as all were before.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_1215_members"
down_revision: str | None = "2026_11_28_0950_request_origin"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    whole = sa.Integer() if op.get_bind().dialect.name == "sqlite" else sa.BigInteger()
    op.create_table(
        "paywall_member",
        sa.Column("paywall_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", whole, nullable=False),
        sa.CheckConstraint("role IN ('owner')", name=op.f("ck_paywall_member_known_role")),
        sa.ForeignKeyConstraint(["paywall_id"], ["paywall.id"], name=op.f("fk_paywall_member_paywall_id_paywall")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_paywall_member_account_id_account")),
        sa.PrimaryKeyConstraint("paywall_id", "account_id", name=op.f("pk_paywall_member")),
        sqlite_strict=True,
    )
    op.create_index("ix_paywall_member_account", "paywall_member", ["account_id"])
    is_owner = sa.text("role = 'owner'")
    op.create_index(
        "ix_paywall_member_owner", "paywall_member", ["paywall_id"], unique=True,
        sqlite_where=is_owner, postgresql_where=is_owner,
    )  # fmt: skip
    op.create_table(
        "change",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("paywall_id", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=True),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("version", whole, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("created_at", whole, nullable=False),
        sa.ForeignKeyConstraint(["paywall_id"], ["paywall.id"], name=op.f("fk_change_paywall_id_paywall")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change")),
        sqlite_strict=True,
    )
    op.create_index("ix_change_paywall", "change", ["paywall_id", "id"])
