"""Payouts: earnings on their way to a chain, their batches, what is known of each chain, what left its treasury.

Play money goes to test chains alone and live money never does: a constraint says so, whatever is configured.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_3151_payouts"
down_revision: str | None = "2026_11_29_3150_transactions"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    _payouts()
    table = "payout_batch"
    _create(table, "id", _text("id"), _whole("chain_id"), _whole("payouts"), _whole("units"), _whole("block"),
            _whole("created_at"), _check(table, "not_empty", "payouts > 0 AND units > 0"))  # fmt: skip
    op.create_index("ix_payout_batch_chain", table, ["chain_id", "id"])
    table = "payout_desk"
    _create(table, "chain_id", _whole("chain_id", autoincrement=False), _whole("cursor_block"), _text("cursor_hash"),
            _whole("head_at"), _whole("read_at"), _whole("balance_units"), _text("gas_wei"),
            _text("paused_because", nullable=True), _whole("paused_at", nullable=True), _whole("lacking_units"),
            _whole("told_at", nullable=True),
            _check(table, "paused_with_reason", "(paused_because IS NULL) = (paused_at IS NULL)"))  # fmt: skip
    table = "treasury_transfer"
    _create(table, "id", _text("id"), _whole("chain_id"), _text("transaction_hash"), _whole("position"),
            _whole("block"), _text("payee"), _whole("units"), _text("nonce", nullable=True),
            _text("booked_as", nullable=True), _text("booked_by", nullable=True), _whole("seen_at"),
            _whole("booked_at", nullable=True), _check(table, "units_positive", "units > 0"))  # fmt: skip
    op.create_index("ix_treasury_transfer_place", table, ["chain_id", "transaction_hash", "position"], unique=True)
    _index_where("ix_treasury_transfer_unbooked", table, "booked_as IS NULL")


def _payouts() -> None:
    table = "payout"
    statuses = "'waiting', 'requested', 'batched', 'signed', 'sent', 'canceling', 'paid', 'returned'"
    _create(table, "id", _text("id"), _text("kind"), _text("environment"), _whole("chain_id"), _text("paywall_id"),
            _text("asked_by"), _text("click_id"), _text("address"), _whole("units"), _text("nonce"),
            _whole("since_block"), _text("status"), _text("error_code", nullable=True),
            _text("batch_id", nullable=True), _text("transaction_id", nullable=True),
            sa.Column("signature", sa.LargeBinary(), nullable=True), _whole("valid_before", nullable=True),
            _text("paid_by", nullable=True), _whole("paid_block", nullable=True), _whole("created_at"),
            _whole("released_at", nullable=True), _text("released_by", nullable=True),
            _whole("finished_at", nullable=True),
            _check(table, "known_kind", "kind IN ('earnings', 'test')"),
            _check(table, "known_status", f"status IN ({statuses})"),
            _check(table, "known_environment", "environment IN ('sandbox', 'live')"),
            _check(table, "own_chains", "(environment = 'sandbox') = (chain_id IN (31337, 80002))"),
            _check(table, "units_positive", "units > 0"),
            _check(table, "finished_once", "(finished_at IS NULL) = (status NOT IN ('paid', 'returned'))"),
            _check(table, "signed_until", "(signature IS NULL) = (valid_before IS NULL)"),
            sa.ForeignKeyConstraint(["paywall_id"], ["paywall.id"],
                                    name=op.f("fk_payout_paywall_id_paywall")))  # fmt: skip
    op.create_index("ix_payout_click", table, ["click_id"], unique=True)
    op.create_index("ix_payout_nonce", table, ["chain_id", "nonce"], unique=True)
    op.create_index("ix_payout_paywall", table, ["paywall_id", "id"])
    op.create_index("ix_payout_released", table, ["chain_id", "released_at"])
    op.create_index("ix_payout_address", table, ["address"])
    _index_where("ix_payout_open", table, "finished_at IS NULL")


def _index_where(name: str, table: str, rule: str) -> None:
    where = sa.text(rule)
    op.create_index(name, table, ["chain_id", "id"], sqlite_where=where, postgresql_where=where)


def _create(table: str, key: str, *parts: "sa.schema.SchemaItem") -> None:
    op.create_table(table, *parts, sa.PrimaryKeyConstraint(key, name=op.f(f"pk_{table}")), sqlite_strict=True)


def _check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def _text(name: str, *, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=nullable)


def _whole(name: str, *, nullable: bool = False, **more: Any) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable, **more)
