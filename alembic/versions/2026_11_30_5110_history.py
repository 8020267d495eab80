"""What the history of a wallet reads: its requests by when they ended, and what left it otherwise."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_30_5110_history"
down_revision: str | None = "2026_11_29_5100_leg_stops"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    own = sa.text("unit <> 'USD'")
    op.create_index("ix_request_wallet_ended", "request", ["wallet_id", "finished_at"], unique=False, sqlite_where=own,
                    postgresql_where=own)  # fmt: skip
    apart = sa.text("request_id IS NULL")
    op.create_index("ix_ledger_transfer_out", "ledger_transfer", ["debit_account_id", "id"], unique=False,
                    sqlite_where=apart, postgresql_where=apart)  # fmt: skip
