"""What rails list of their own money is kept, so that each fee is posted once and the sums can be compared; and when
each job ran, which nobody could see from outside.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_1720_movements"
down_revision: str | None = "2026_11_28_1540_freezes"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    _movements()
    table = "rail_reading"
    op.create_table(
        table, _text("connection_id"), _whole("read_to"), _whole("read_at", nullable=True), _whole("ours_cents"),
        _whole("elsewhere_cents"), _whole("opening_cents", nullable=True), _whole("balance_cents", nullable=True),
        _whole("compared_at", nullable=True), _whole("differs_cents", nullable=True),
        _whole("differs_since", nullable=True),
        sa.PrimaryKeyConstraint("connection_id", name=op.f(f"pk_{table}")), _of_connection(table), sqlite_strict=True,
    )  # fmt: skip
    table = "job_run"
    op.create_table(
        table, _text("name"), _whole("every_ms"), _whole("started_at"), _whole("succeeded_at", nullable=True),
        _text("last_error", nullable=True), sa.PrimaryKeyConstraint("name", name=op.f(f"pk_{table}")),
        sqlite_strict=True,
    )  # fmt: skip


def _movements() -> None:
    table = "rail_movement"
    op.create_table(
        table, _text("connection_id"), _text("id"), _text("kind"), _text("standing"), _whole("cents"),
        _whole("fee_cents"), _text("payment_id", nullable=True), _text("topup_id", nullable=True),
        _text("unit", nullable=True), _whole("fee_nanos"), _text("description"), _whole("created_at"),
        _whole("listed_at"),
        sa.PrimaryKeyConstraint("connection_id", "id", name=op.f(f"pk_{table}")), _of_connection(table),
        _check(table, "known_kind", "kind IN ('payment', 'refund', 'refund_failed', 'dispute', 'payout', 'other')"),
        _check(table, "known_standing", "standing IN ('ours', 'elsewhere')"),
        _check(table, "known_unit", "unit IN ('USD', 'USDC', 'CREDIT')"),
        _check(table, "unit_of_ours", "(standing = 'ours') = (unit IS NOT NULL)"),
        _check(table, "fee_of_ours", "standing = 'ours' OR fee_nanos = 0"),
        sqlite_strict=True,
    )  # fmt: skip
    op.create_index("ix_rail_movement_payment", table, ["connection_id", "payment_id"])


def _text(name: str, *, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=nullable)


def _whole(name: str, *, nullable: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable)


def _check(table: str, name: str, says: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(says, name=op.f(f"ck_{table}_{name}"))


def _of_connection(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["connection_id"], ["connection.id"], name=op.f(f"fk_{table}_connection_id_connection")
    )
