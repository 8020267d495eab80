"""Conversations of accounts, whose texts are sealed, and whether an account wants any of them kept."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_4181_conversations"
down_revision: str | None = "2026_11_29_4162_orders"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "conversation",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("id", "account_id")),
        sa.Column("title", sa.Text(), nullable=True),
        *(sa.Column(name, whole, nullable=False) for name in ("turns", "created_at", "changed_at")),
        sa.CheckConstraint("turns >= 0", name=op.f("ck_conversation_turns_not_negative")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_conversation_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation")),
        sqlite_strict=True,
    )
    op.create_index("ix_conversation_account", "conversation", ["account_id", "changed_at", "id"])
    of_conversation = op.f("fk_conversation_turn_conversation_id_conversation")
    op.create_table(
        "conversation_turn",
        *(sa.Column(name, sa.Text(), nullable=False)
          for name in ("request_id", "conversation_id", "account_id", "mode", "content")),
        sa.Column("created_at", whole, nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=of_conversation),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_conversation_turn")),
        sqlite_strict=True,
    )  # fmt: skip
    for name in ("conversation", "account"):
        op.create_index(f"ix_conversation_turn_{name}", "conversation_turn", [f"{name}_id", "request_id"])
    op.create_table(
        "account_privacy",
        sa.Column("account_id", sa.Text(), nullable=False),
        *(sa.Column(name, whole, nullable=False) for name in ("zero_retention", "changed_at")),
        sa.CheckConstraint("zero_retention IN (0, 1)", name=op.f("ck_account_privacy_zero_retention_known")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_account_privacy_account_id_account")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account_privacy")),
        sqlite_strict=True,
    )
