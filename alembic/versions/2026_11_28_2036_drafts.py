"""Keep the drafts of paywalls.

Whoever closes the wizard finds what they chose when they come back; a browser may keep no provider's key for that.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_2036_drafts"
down_revision: str | None = "2026_11_28_2035_icons"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "paywall_draft",
        sa.Column("paywall_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=True),
        sa.Column("created_at", _WHOLE, nullable=False),
        sa.Column("changed_at", _WHOLE, nullable=False),
        sa.Column("made_at", _WHOLE, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_paywall_draft_account_id_account")),
        sa.PrimaryKeyConstraint("paywall_id", name=op.f("pk_paywall_draft")),
        sqlite_strict=True,
    )
    is_open = sa.text("made_at IS NULL")
    op.create_index("ix_paywall_draft_open", "paywall_draft", ["account_id"], unique=True, sqlite_where=is_open,
                    postgresql_where=is_open)  # fmt: skip
    op.create_index("ix_paywall_draft_changed", "paywall_draft", ["changed_at"])
