"""Prices for every kind of token, receipts with a second line, keys of chats, blocked users, frozen wallets.

Chats are retried safely by an Idempotency-Key that is claimed with the hold, so an answer may be empty for a while.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_21_proxy"
down_revision: str | None = "2026_11_20_first_tables"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_KINDS = ("cache_write_nanos", "image_input_nanos", "audio_input_nanos", "reasoning_nanos", "audio_output_nanos")


def _whole() -> str:
    return "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"


def _add_whole(table: str, column: str, *, check: bool = True) -> None:
    """Adds a nullable whole number; written by hand, because SQLite adds a column with its check in no other way."""
    name = f"CONSTRAINT ck_{table}_{column}_not_negative CHECK ({column} >= 0)" if check else ""
    op.execute(f"ALTER TABLE {table} ADD COLUMN {column} {_whole()} {name}")


def upgrade() -> None:
    # Nothing reads it: a wallet's requests are found by its transfers. Each request wrote a page of it at random.
    op.drop_index("ix_request_wallet", "request")
    for column in _KINDS:
        _add_whole("model_price", column)
    op.add_column("model_price", sa.Column("source", sa.Text(), nullable=False, server_default="developer"))
    _add_whole("request", "provider_cost_nanos")
    op.add_column("request", sa.Column("late", sa.Text(), nullable=True))
    op.add_column("request", sa.Column("claim_id", sa.Text(), nullable=True))
    _add_whole("end_user", "blocked_at", check=False)
    _add_whole("wallet", "frozen_at", check=False)
    _idempotent_answer()
    _index_the_few("end_user", "blocked")
    _index_the_few("wallet", "frozen")
    op.create_index("ix_idempotent_answer_finished", "idempotent_answer", ["finished_at"])


def _index_the_few(table: str, word: str) -> None:
    where = sa.text(f"{word}_at IS NOT NULL")
    op.create_index(f"ix_{table}_{word}", table, ["paywall_id"], sqlite_where=where, postgresql_where=where)


def _idempotent_answer() -> None:
    """Lets an answer be empty. SQLite cannot change a column, and what it keeps is copied."""
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("idempotent_answer", "answer", existing_type=sa.Text(), nullable=True)
        _add_whole("idempotent_answer", "finished_at", check=False)
        return
    op.drop_index("ix_idempotent_answer_created", "idempotent_answer")
    op.rename_table("idempotent_answer", "idempotent_answer_before")
    op.create_table(
        "idempotent_answer",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotent_answer")),
        sqlite_strict=True,
    )
    op.execute(
        "INSERT INTO idempotent_answer (id, body_hash, answer, created_at)"
        " SELECT id, body_hash, answer, created_at FROM idempotent_answer_before"
    )
    op.drop_table("idempotent_answer_before")
    op.create_index("ix_idempotent_answer_created", "idempotent_answer", ["created_at"])
