"""The audit's work grows with what is new: it keeps what had ended at its last run and what had moved by then.

Postings are found by their time, which charges, the many, do not have.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_3350_audit_marks"
down_revision: str | None = "2026_11_28_2072_operator_change"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("audit_run", sa.Column("ended_at", _WHOLE, nullable=True))
    op.add_column("audit_run", sa.Column("marked_transfer", _WHOLE, nullable=True))
    op.create_index("ix_ledger_posting_created", "ledger_posting", ["created_at"])
    op.create_table(
        "audit_mark",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("moved", _WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_audit_mark")),
        sqlite_strict=True,
    )
