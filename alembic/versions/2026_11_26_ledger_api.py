"""What the ledger and the list of requests are read through, and whose top-up a paywall's link began.

One index on requests, which every request pays for, so it is the cheapest that serves both lists: ids grow with time,
so new rows go to its end; the user in it is a filter that no row has to be read for.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_26_ledger_api"
down_revision: str | None = "2026_11_26_cost_drift"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index("ix_request_paywall", "request", ["paywall_id", "id", "external_id"])
    op.add_column("topup", sa.Column("external_id", sa.Text(), nullable=True))
    op.execute(
        "UPDATE topup SET external_id = (SELECT e.external_id FROM wallet w JOIN end_user e ON e.id = w.end_user_id"
        " WHERE w.id = topup.wallet_id) WHERE paywall_id IS NOT NULL"
    )
    op.create_index("ix_topup_paywall", "topup", ["paywall_id", "finished_at", "id"])
