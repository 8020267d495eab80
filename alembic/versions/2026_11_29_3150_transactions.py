"""What we send to chains: accounts with their next number, transactions by number, each with every form it took.

A number belongs to one transaction of an account, whichever process allots it: the index says so.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_3150_transactions"
down_revision: str | None = "2026_11_29_3350_audit_marks"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _whole(name: str, *, nullable: bool = False, **more: Any) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable, **more)


def _text(name: str, *, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=nullable)


def _bytes(name: str) -> "sa.Column[bytes]":
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "chain_account", _text("id"), _whole("chain_id"), _text("address"), _whole("next_number"), _whole("created_at"),
        sa.CheckConstraint("next_number >= 0", name=op.f("ck_chain_account_number_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain_account")),
        sqlite_strict=True,
    )  # fmt: skip
    table = "chain_transaction"
    op.create_table(
        table, _text("id"), _text("account_id"), _whole("number"), _text("purpose"), _text("about"),
        _text("to_address"), _bytes("data"), _whole("gas"), _whole("created_at"), _whole("finished_at", nullable=True),
        _whole("alarmed_at", nullable=True),
        sa.CheckConstraint("purpose IN ('payouts', 'cancel', 'relay', 'sweep')",
                           name=op.f("ck_chain_transaction_known_purpose")),
        sa.ForeignKeyConstraint(["account_id"], ["chain_account.id"],
                                name=op.f("fk_chain_transaction_account_id_chain_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain_transaction")),
        sqlite_strict=True,
    )  # fmt: skip
    op.create_index("ix_chain_transaction_number", table, ["account_id", "number"], unique=True)
    op.create_index("ix_chain_transaction_about", table, ["about"])
    open_ = sa.text("finished_at IS NULL")
    op.create_index("ix_chain_transaction_open", table, ["account_id", "created_at"], sqlite_where=open_,
                    postgresql_where=open_)  # fmt: skip
    table = "chain_attempt"
    op.create_table(
        table, _whole("id", autoincrement=True), _text("transaction_id"), _bytes("raw"), _text("hash"),
        _whole("fee_wei"), _whole("tip_wei"), _whole("created_at"), _whole("sent_at", nullable=True),
        sa.ForeignKeyConstraint(["transaction_id"], ["chain_transaction.id"],
                                name=op.f("fk_chain_attempt_transaction_id_chain_transaction")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain_attempt")),
        sqlite_strict=True,
    )  # fmt: skip
    op.create_index("ix_chain_attempt_transaction", table, ["transaction_id", "id"])
    op.create_index("ix_chain_attempt_hash", table, ["hash"])
