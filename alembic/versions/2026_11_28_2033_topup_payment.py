"""A payment is credited once at its connection, whatever it says at another time that it is for."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_2033_topup_payment"
down_revision: str | None = "2026_11_28_2032_topup_network"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    paid = sa.text("payment_id IS NOT NULL")
    columns = ["connection_id", "payment_id"]
    op.create_index("ix_topup_payment", "topup", columns, unique=True, sqlite_where=paid, postgresql_where=paid)
