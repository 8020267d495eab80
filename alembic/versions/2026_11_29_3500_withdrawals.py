"""A payout is of a paywall's earnings or of what a person did not spend; payouts so far are of paywalls."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_3500_withdrawals"
down_revision: str | None = "2026_11_29_3601_failing_since"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

COLUMNS = (
    "id, kind, environment, chain_id, paywall_id, asked_by, click_id, address, units, nonce, since_block, status,"
    " error_code, batch_id, transaction_id, signature, valid_before, paid_by, paid_block, created_at, released_at,"
    " released_by, finished_at"
)
INDEXES = ("click", "nonce", "paywall", "released", "address", "open")
STATUSES = "'waiting', 'requested', 'batched', 'signed', 'sent', 'canceling', 'paid', 'returned'"


def upgrade() -> None:
    for index in INDEXES:
        op.drop_index(f"ix_payout_{index}", "payout")
    op.rename_table("payout", "payout_before")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE payout_before RENAME CONSTRAINT pk_payout TO pk_payout_before")
    _create()
    op.execute(f"INSERT INTO payout ({COLUMNS}) SELECT {COLUMNS} FROM payout_before")  # noqa: S608 - words of ours
    op.drop_table("payout_before")
    op.create_index("ix_payout_click", "payout", ["click_id"], unique=True)
    op.create_index("ix_payout_nonce", "payout", ["chain_id", "nonce"], unique=True)
    op.create_index("ix_payout_paywall", "payout", ["paywall_id", "id"])
    op.create_index("ix_payout_wallet", "payout", ["wallet_id", "id"])
    op.create_index("ix_payout_released", "payout", ["chain_id", "released_at"])
    op.create_index("ix_payout_address", "payout", ["address"])
    is_open = sa.text("finished_at IS NULL")
    op.create_index("ix_payout_open", "payout", ["chain_id", "id"], sqlite_where=is_open, postgresql_where=is_open)


def _create() -> None:
    op.create_table(
        "payout",
        *(_text(name) for name in ("id", "kind", "environment")), _whole("chain_id"),
        _text("paywall_id", nullable=True), _text("wallet_id", nullable=True),
        *(_text(name) for name in ("asked_by", "click_id", "address")), _whole("units"), _text("nonce"),
        _whole("since_block"), _text("status"),
        *(_text(name, nullable=True) for name in ("error_code", "batch_id", "transaction_id")),
        sa.Column("signature", sa.LargeBinary(), nullable=True), _whole("valid_before", nullable=True),
        _text("paid_by", nullable=True), _whole("paid_block", nullable=True), _whole("created_at"),
        _whole("released_at", nullable=True), _text("released_by", nullable=True), _whole("finished_at", nullable=True),
        _check("known_kind", "kind IN ('earnings', 'withdrawal', 'test')"),
        _check("of_one", "(paywall_id IS NULL) <> (wallet_id IS NULL)"),
        _check("of_its_kind", "kind = 'test' OR (kind = 'withdrawal') = (paywall_id IS NULL)"),
        _check("known_status", f"status IN ({STATUSES})"),
        _check("known_environment", "environment IN ('sandbox', 'live')"),
        _check("own_chains", "(environment = 'sandbox') = (chain_id IN (31337, 80002))"),
        _check("units_positive", "units > 0"),
        _check("finished_once", "(finished_at IS NULL) = (status NOT IN ('paid', 'returned'))"),
        _check("signed_until", "(signature IS NULL) = (valid_before IS NULL)"),
        sa.ForeignKeyConstraint(["paywall_id"], ["paywall.id"], name=op.f("fk_payout_paywall_id_paywall")),
        sa.ForeignKeyConstraint(["wallet_id"], ["shared_wallet.id"], name=op.f("fk_payout_wallet_id_shared_wallet")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout")),
        sqlite_strict=True,
    )  # fmt: skip


def _check(name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_payout_{name}"))


def _text(name: str, *, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=nullable)


def _whole(name: str, *, nullable: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable)
