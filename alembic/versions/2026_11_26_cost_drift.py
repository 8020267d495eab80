"""Our cost of each model and day beside the provider's own, and an index of the requests that say it.

Only requests whose provider tells its cost are in the index, so that no other pays for it.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_26_cost_drift"
down_revision: str | None = "2026_11_26_limit_overrides"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    whole = sa.Integer() if op.get_bind().dialect.name == "sqlite" else sa.BigInteger()
    names, counts = ("day", "provider", "model"), ("requests", "own_nanos", "provider_nanos", "measured_at")
    op.create_table(
        "cost_drift",
        *(sa.Column(name, sa.Text(), nullable=False) for name in names),
        *(sa.Column(name, whole, nullable=False) for name in counts),
        sa.PrimaryKeyConstraint(*names, name=op.f("pk_cost_drift")),
        sqlite_strict=True,
    )
    where = sa.text("provider_cost_nanos IS NOT NULL")
    op.create_index("ix_request_provider_cost", "request", ["created_at"], sqlite_where=where, postgresql_where=where)
