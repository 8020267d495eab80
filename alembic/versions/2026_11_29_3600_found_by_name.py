"""Operators find an account by its address and a wallet by an app's id of its user without looking through all."""

from collections.abc import Sequence

from alembic import op

revision: str = "2026_11_29_3600_found_by_name"
down_revision: str | None = "2026_11_29_3471_sign_in_text"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index("ix_account_email", "account", ["email"])
    op.create_index("ix_end_user_name", "end_user", ["external_id"])


def downgrade() -> None:
    op.drop_index("ix_end_user_name", table_name="end_user")
    op.drop_index("ix_account_email", table_name="account")
