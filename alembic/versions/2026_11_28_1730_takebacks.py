"""What is taken back of top-ups: refunds of any amount, disputes, lots of shared wallets, and earnings taken back.

Refunds so far were of payments that were never credited, and take nothing back.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_1730_takebacks"
down_revision: str | None = "2026_11_28_1720_movements"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OLD_REFUND = (
    "id, topup_id, connection_id, payment_id, account_id, paid_cents, currency, reason, status, attempts, last_error,"
    " created_at, next_at, told_at, finished_at"
)


def upgrade() -> None:
    op.add_column("topup", _whole("reads", server_default="0"))
    _refunds()
    _disputes()
    _lots()
    _earnings()
    _index_where("ix_request_refund_of", "request", ["refund_of"], "refund_of IS NOT NULL")


def _refunds() -> None:
    table = "refund"
    for index in ("ix_refund_topup", "ix_refund_open"):
        op.drop_index(index, table)
    op.rename_table(table, "refund_before")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE refund_before RENAME CONSTRAINT pk_refund TO pk_refund_before")
    _create(table, ["id"], _text("id"), _text("topup_id"), _text("connection_id"), _text("payment_id"),
            _text("account_id", nullable=True), _whole("paid_cents"), _text("currency"), _whole("credited_nanos"),
            _whole("transit_nanos"), _text("reason"), _text("status"), _whole("attempts"),
            _text("last_error", nullable=True), _whole("created_at"), _whole("next_at"),
            _whole("told_at", nullable=True), _whole("finished_at", nullable=True),
            _check(table, "known_status", "status IN ('asked', 'pending', 'succeeded', 'failed')"),
            _check(table, "known_reason",
                   "reason IN ('mismatch', 'second', 'developer', 'user', 'warning', 'elsewhere')"),
            _check(table, "paid_cents_positive", "paid_cents > 0"),
            _check(table, "not_negative", "credited_nanos >= 0 AND transit_nanos >= 0"),
            _check(table, "finished_once", "(finished_at IS NULL) = (status IN ('asked', 'pending'))"),
            _refers(table, "topup_id", "topup"), _refers(table, "connection_id", "connection"))  # fmt: skip
    columns = OLD_REFUND.split(", ")
    values = ", ".join(columns)
    op.execute(
        f"INSERT INTO refund ({values}, credited_nanos, transit_nanos)"  # noqa: S608 - words of ours
        f" SELECT {values}, 0, 0 FROM refund_before"
    )
    op.drop_table("refund_before")
    op.create_index("ix_refund_topup", table, ["topup_id"])
    _index_where("ix_refund_open", table, ["next_at"], "finished_at IS NULL OR told_at IS NULL")


def _disputes() -> None:
    names = ("connection_id", "id", "topup_id", "payment_id")
    table = "dispute"
    _create(table, ["connection_id", "id"], *map(_text, names), _whole("amount_cents"), _text("currency"),
            _text("state"), _text("funds"), _whole("untold_at", nullable=True),
            _whole("created_at"), _whole("changed_at"),
            _check(table, "known_state", "state IN ('inquiry', 'dismissed', 'open', 'won', 'lost')"),
            _check(table, "known_funds", "funds IN ('kept', 'out', 'back')"),
            _check(table, "amount_positive", "amount_cents > 0"),
            _refers(table, "connection_id", "connection"), _refers(table, "topup_id", "topup"))  # fmt: skip
    table = "fraud_warning"
    _create(table, ["connection_id", "id"], *map(_text, names), _text("act"), _whole("untold_at", nullable=True),
            _whole("created_at"), _check(table, "known_act", "act IN ('told', 'refunded', 'frozen')"),
            _refers(table, "connection_id", "connection"), _refers(table, "topup_id", "topup"))  # fmt: skip
    for table in ("dispute", "fraud_warning"):
        op.create_index(f"ix_{table}_topup", table, ["topup_id"])
        _index_where(f"ix_{table}_untold", table, ["untold_at"], "untold_at IS NOT NULL")
    table = "takeback"
    _create(table, ["topup_id", "n"], _text("topup_id"), _whole("n"), _text("paywall_id", nullable=True),
            _text("external_id", nullable=True), _whole("refunds_nanos"), _whole("wallet_nanos"),
            _whole("disputes_nanos"), _whole("created_at"), _check(table, "n_positive", "n > 0"),
            _refers(table, "topup_id", "topup"))  # fmt: skip
    op.create_index("ix_takeback_paywall", table, ["paywall_id", "created_at", "topup_id"])


def _lots() -> None:
    table = "wallet_lots"
    _create(table, ["wallet_id"], _text("wallet_id"), _whole("transfer_id"), _whole("debt_nanos"),
            _whole("written_off_nanos"), _whole("postings"),
            _check(table, "not_negative", "debt_nanos >= 0 AND written_off_nanos >= 0 AND postings >= 0"))  # fmt: skip
    table = "lot"
    _create(table, ["id"], _text("id"), _text("wallet_id"), _text("method"), _whole("transfer_id"),
            _whole("amount_nanos"), _whole("spent_nanos"), _whole("back_nanos"), _whole("covered_nanos"),
            _check(table, "amount_positive", "amount_nanos > 0"),
            _check(table, "not_negative", "spent_nanos >= 0 AND back_nanos >= 0 AND covered_nanos >= 0"),
            _check(table, "within_amount", "spent_nanos + back_nanos + covered_nanos <= amount_nanos"),
            _check(table, "known_method", "method IN ('card', 'usdc', 'other')"))  # fmt: skip
    op.create_index("ix_lot_wallet", table, ["wallet_id", "transfer_id"])
    table = "lot_use"
    _create(table, ["transfer_id", "lot_id"], _whole("transfer_id"), _text("lot_id"),
            _text("request_id", nullable=True), _whole("amount_nanos"),
            _check(table, "amount_not_zero", "amount_nanos <> 0"), _refers(table, "lot_id", "lot"))  # fmt: skip
    op.create_index("ix_lot_use_request", table, ["request_id"])
    table = "lot_earning"
    _create(table, ["transfer_id", "lot_id", "earning_id"], _whole("transfer_id"), _text("lot_id"),
            _whole("earning_id"), _text("request_id", nullable=True), _whole("amount_nanos"),
            _check(table, "amount_not_zero", "amount_nanos <> 0"), _refers(table, "lot_id", "lot"))  # fmt: skip
    op.create_index("ix_lot_earning_lot", table, ["lot_id", "earning_id"])
    op.create_index("ix_lot_earning_request", table, ["request_id"])


def _earnings() -> None:
    table = "earnings_takeback"
    _create(table, ["id"], _whole("id", autoincrement=True), _text("account_id"), _text("source"), _text("taken_from"),
            _whole("amount_nanos"), _whole("returned_nanos"), _whole("earning_id", nullable=True),
            _whole("earned_at", nullable=True), _whole("created_at"),
            _check(table, "amount_positive", "amount_nanos > 0"),
            _check(table, "returned_within_amount", "returned_nanos >= 0 AND returned_nanos <= amount_nanos"),
            _check(table, "known_place", "taken_from IN ('pending', 'available', 'shortfall')"),
            _check(table, "earning_of_pending", "(taken_from = 'pending') = (earning_id IS NOT NULL)"),
            _check(table, "earning_with_date", "(earning_id IS NULL) = (earned_at IS NULL)"))  # fmt: skip
    op.create_index("ix_earnings_takeback_source", table, ["source", "account_id"])
    op.create_index("ix_earnings_takeback_earned", table, ["account_id", "earned_at"])


def _text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _whole(name: str, *, nullable: bool = False, **more: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable, **more)


def _create(table: str, key: Sequence[str], *parts: Any) -> None:
    op.create_table(table, *parts, sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}")), sqlite_strict=True)


def _check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))


def _index_where(name: str, table: str, columns: Sequence[str], rule: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(rule), postgresql_where=sa.text(rule))
