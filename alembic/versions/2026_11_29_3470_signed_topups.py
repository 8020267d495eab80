"""Somebody signs a transfer to their own deposit address, and we bring it: what was to be signed, and what was."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_3470_signed_topups"
down_revision: str | None = "2026_11_29_3450_reserves"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _whole(name: str, **more: object) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), **more)  # type: ignore[arg-type]


def upgrade() -> None:
    op.create_table(
        "signed_topup",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("wallet_id", sa.Text(), nullable=False),
        _whole("chain_id", nullable=False),
        sa.Column("payer", sa.Text(), nullable=False),
        sa.Column("payee", sa.Text(), nullable=False),
        _whole("units", nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        _whole("valid_before", nullable=False),
        _whole("since_block", nullable=False),
        _whole("created_at", nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        _whole("signed_at", nullable=True),
        sa.Column("transaction_id", sa.Text(), nullable=True),
        sa.CheckConstraint("units > 0", name=op.f("ck_signed_topup_units_positive")),
        sa.CheckConstraint("(signature IS NULL) = (signed_at IS NULL)", name=op.f("ck_signed_topup_signed_at_once")),
        sa.CheckConstraint(
            "transaction_id IS NULL OR signature IS NOT NULL", name=op.f("ck_signed_topup_brought_as_signed")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_signed_topup_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signed_topup")),
        sqlite_strict=True,
    )
    op.create_index("ix_signed_topup_wallet", "signed_topup", ["wallet_id", "created_at"], unique=False)
    op.create_index("ix_signed_topup_account", "signed_topup", ["account_id", "signed_at"], unique=False)
