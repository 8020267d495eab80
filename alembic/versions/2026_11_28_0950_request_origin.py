"""Each request says which key asked, on which version of the paywall, and the app's own session and agent.

Orders, refunds and rollups get their columns here as well, so that the largest table changes once; nothing writes
them yet. Every column is NULL in old rows and added without rewriting one; the indices leave those rows out, so that
they are empty where the table is already long, and only what is filtered by is found through them.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_0950_request_origin"
down_revision: str | None = "2026_11_28_0440_known_browsers"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    columns = {
        "key_id": sa.Text(), "paywall_version": whole, "order_id": sa.Text(), "session": sa.Text(),
        "agent": sa.Text(), "counted_nanos": whole, "refund_of": sa.Text(),
    }  # fmt: skip
    for name, kind in columns.items():
        op.add_column("request", sa.Column(name, kind, nullable=True))
    for name, column in (("key", "key_id"), ("session", "session"), ("agent", "agent")):
        kept = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            f"ix_request_{name}", "request", ["paywall_id", column, "id"], sqlite_where=kept, postgresql_where=kept
        )
