"""Where wallets get money on chains, what came in there, and up to which block that is known."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_3200_chain_deposits"
down_revision: str | None = "2026_11_29_3152_payout_addresses"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _whole(name: str, **more: object) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), **more)  # type: ignore[arg-type]


def upgrade() -> None:
    op.create_table(
        "deposit_address",
        sa.Column("id", sa.Text(), nullable=False),
        _whole("chain_id", nullable=False),
        sa.Column("wallet_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("factory", sa.Text(), nullable=False),
        sa.Column("salt", sa.Text(), nullable=False),
        sa.Column("proxy_hash", sa.Text(), nullable=False),
        _whole("unswept_units", nullable=False),
        _whole("unswept_since", nullable=True),
        _whole("created_at", nullable=False),
        sa.CheckConstraint("unswept_units >= 0", name=op.f("ck_deposit_address_unswept_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deposit_address")),
        sqlite_strict=True,
    )
    op.create_index("ix_deposit_address_wallet", "deposit_address", ["wallet_id", "chain_id"], unique=True)
    op.create_index("ix_deposit_address_address", "deposit_address", ["chain_id", "address"], unique=True)
    op.create_index(
        "ix_deposit_address_unswept", "deposit_address", ["chain_id", "unswept_since"],
        sqlite_where=sa.text("unswept_units > 0"), postgresql_where=sa.text("unswept_units > 0"),
    )  # fmt: skip
    op.create_table(
        "chain_arrival",
        sa.Column("id", sa.Text(), nullable=False),
        _whole("chain_id", nullable=False),
        sa.Column("transaction_hash", sa.Text(), nullable=False),
        _whole("position", nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("wallet_id", sa.Text(), nullable=True),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("payer", sa.Text(), nullable=False),
        sa.Column("payee", sa.Text(), nullable=False),
        _whole("units", nullable=False),
        _whole("block", nullable=False),
        sa.Column("nonce", sa.Text(), nullable=True),
        _whole("seen_at", nullable=False),
        sa.CheckConstraint("environment IN ('sandbox', 'live')", name=op.f("ck_chain_arrival_known_environment")),
        sa.CheckConstraint(
            "kind IN ('seen', 'credited', 'bridged', 'funding', 'swept')",
            name=op.f("ck_chain_arrival_known_kind"),
        ),
        sa.CheckConstraint("units > 0", name=op.f("ck_chain_arrival_units_positive")),
        sa.CheckConstraint(
            "kind NOT IN ('seen', 'credited') OR wallet_id IS NOT NULL",
            name=op.f("ck_chain_arrival_deposits_have_a_wallet"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain_arrival")),
        sqlite_strict=True,
    )
    place = ["chain_id", "transaction_hash", "position"]
    op.create_index("ix_chain_arrival_place", "chain_arrival", place, unique=True)
    op.create_index("ix_chain_arrival_wallet", "chain_arrival", ["wallet_id", "seen_at"], unique=False)
    op.create_index("ix_chain_arrival_block", "chain_arrival", ["chain_id", "kind", "block"], unique=False)
    op.create_table(
        "chain_cursor",
        _whole("chain_id", nullable=False, autoincrement=False),
        _whole("block", nullable=False),
        sa.Column("block_hash", sa.Text(), nullable=False),
        _whole("head", nullable=False),
        _whole("head_at", nullable=False),
        _whole("read_at", nullable=False),
        sa.Column("stopped_because", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("chain_id", name=op.f("pk_chain_cursor")),
        sqlite_strict=True,
    )
