"""Rollups: sums of what requests brought and cost. All that ended before is due, and a job counts it bit by bit.

Nothing is counted here, so that an instance with millions of requests starts as quickly as an empty one, but for the
index that finds what is due.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_1910_rollups"
down_revision: str | None = "2026_11_28_1740_cards"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

DUE = (
    "finished_at IS NOT NULL AND (counted_nanos IS NULL OR counted_nanos <> charge_nanos"
    " OR (late IS NOT NULL AND counted_late IS NULL))"
)
SUMS = (
    "requests", "gross_nanos", "refunds_nanos", "trial_nanos", "cost_nanos", "fee_nanos", "unknown_net_nanos",
    "unknown_fee_nanos", "input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens",
)  # fmt: skip


def upgrade() -> None:
    op.add_column("request", _whole("counted_late", nullable=True))
    _index_where("ix_request_due", "request", ["finished_at"], DUE)
    op.add_column("takeback", _whole("counted_at", nullable=True))
    _index_where("ix_takeback_due", "takeback", ["created_at"], "counted_at IS NULL")
    op.add_column("audit_run", _whole("seen_transfer", nullable=True))
    _books()
    for table, time in (("rollup_quarter", "start"), ("rollup_day", "day")):
        columns = [_whole("build"), _whole(time), _text("model"), _text("key_id"), _text("source")]
        _sums(table, [column.name for column in columns], columns)
    _sums("rollup_user_day", ["build", "day", "external_id"], [_whole("build"), _whole("day"), _text("external_id")])
    _sums("rollup_top", ["days", "rank"], [_whole("days"), _whole("rank"), _text("external_id")])
    _sums("rollup_total", ["build", "day"], [_whole("build"), _whole("day"), _whole("users")])
    _create("rollup_span", ["paywall_id", "days"], _text("paywall_id"), _whole("days"), _whole("last_day"),
            _whole("users"), _whole("made_at"))  # fmt: skip


def _books() -> None:
    table = "paywall_rollup"
    op.create_table(
        table, _text("paywall_id"), _text("zone"), _whole("build"), _text("next_zone", nullable=True),
        _whole("next_build", nullable=True), _text("next_after", nullable=True), _whole("asked_at", nullable=True),
        _whole("counted_at", nullable=True), _whole("listed_at", nullable=True),
        sa.CheckConstraint("(next_zone IS NULL) = (next_build IS NULL) AND (next_zone IS NULL) = (next_after IS NULL)",
                           name=op.f(f"ck_{table}_next_is_whole")),
        sa.ForeignKeyConstraint(["paywall_id"], ["paywall.id"], name=op.f(f"fk_{table}_paywall_id_paywall")),
        sa.PrimaryKeyConstraint("paywall_id", name=op.f(f"pk_{table}")), sqlite_strict=True,
    )  # fmt: skip
    _index_where("ix_paywall_rollup_next", table, ["next_build"], "next_build IS NOT NULL")


def _sums(table: str, key: Sequence[str], columns: "Sequence[sa.Column[str] | sa.Column[int]]") -> None:
    _create(table, ["paywall_id", *key], _text("paywall_id"), *columns, *(_whole(name) for name in SUMS))


def _create(table: str, key: Sequence[str], *columns: "sa.schema.SchemaItem") -> None:
    """Creates a table that SQLite keeps in the order of its key."""
    named = sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}"))
    op.create_table(table, *columns, named, sqlite_strict=True, sqlite_with_rowid=False)


def _whole(name: str, *, nullable: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=nullable)


def _index_where(name: str, table: str, columns: Sequence[str], rule: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(rule), postgresql_where=sa.text(rule))
