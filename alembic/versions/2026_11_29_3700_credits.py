"""A person has a wallet of credits beside the shared one, and an account's key is of one environment.

Wallets of before count USDC. Keys of before are of the environment that the instance serves: play money in a demo.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_3700_credits"
down_revision: str | None = "2026_11_29_3523_looked_back"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE shared_wallet ADD COLUMN unit TEXT NOT NULL DEFAULT 'USDC'"
        " CONSTRAINT ck_shared_wallet_known_unit CHECK (unit IN ('USDC', 'CREDIT'))"
    )
    op.drop_index("ix_shared_wallet_person", "shared_wallet")
    op.create_index("ix_shared_wallet_person", "shared_wallet", ["person_id", "environment", "unit"], unique=True)
    op.add_column("account_key", sa.Column("environment", sa.Text(), nullable=False, server_default="sandbox"))
    op.execute(
        "UPDATE account_key SET environment = 'live' WHERE NOT EXISTS"
        " (SELECT 1 FROM paywall WHERE id = 'pw_demo_default')"
    )
