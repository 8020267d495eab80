"""Where payouts go: addresses of accounts, each proved by a signature or by a payout whose amount its owner knew.

Beside them, whose payouts are requested by themselves.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_3152_payout_addresses"
down_revision: str | None = "2026_11_29_3352_job_wish"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    table = "payout_address"
    op.create_table(
        table, _text("id"), _text("account_id"), _text("environment"), _text("address"),
        _text("proved_by", nullable=True), _whole("proved_at", nullable=True), _whole("counts_from", nullable=True),
        _text("test_payout_id", nullable=True), _whole("tries"), _whole("created_at"),
        _check("known_environment", "environment IN ('sandbox', 'live')"),
        _check("known_proof", "proved_by IN ('signature', 'test_payout')"),
        _check("counts_when_proved",
               "(proved_by IS NULL) = (proved_at IS NULL) AND (proved_at IS NULL) = (counts_from IS NULL)"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_payout_address_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_address")),
        sqlite_strict=True,
    )  # fmt: skip
    op.create_index("ix_payout_address_account", table, ["account_id", "environment", "id"])
    op.create_index("ix_payout_address_address", table, ["address"])
    table = "payout_schedule"
    op.create_table(
        table, _text("id"), _text("account_id"), _text("environment"), _text("every"), _whole("least_units"),
        _whole("next_at"),
        sa.CheckConstraint("every IN ('day', 'week', 'month')", name=op.f("ck_payout_schedule_known_pace")),
        sa.CheckConstraint("environment IN ('sandbox', 'live')", name=op.f("ck_payout_schedule_known_environment")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_payout_schedule_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_schedule")),
        sqlite_strict=True,
    )  # fmt: skip
    op.create_index("ix_payout_schedule_next", table, ["next_at"])


def _check(name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_payout_address_{name}"))


def _text(name: str, *, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=nullable)


def _whole(name: str, *, nullable: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable)
