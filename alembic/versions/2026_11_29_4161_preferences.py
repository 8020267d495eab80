"""What a program of an account's keeps of its person's choices: the copilot's notes and the optimization's policy."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_4161_preferences"
down_revision: str | None = "2026_11_29_4143_safety_log"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "account_preference",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("account_id", "name", "value")),
        sa.Column("changed_at", whole, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "name", name=op.f("pk_account_preference")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_account_preference_account_id_account")),
        sqlite_strict=True,
    )
