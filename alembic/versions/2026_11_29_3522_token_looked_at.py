"""What a look at the token found: which code it leads to, why it lets nothing out; when low gas was told."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_3522_token_looked_at"
down_revision: str | None = "2026_11_29_3521_kept_mail"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    for name in ("gas_told_at", "looked_at", "halt_told_at"):
        op.add_column("payout_desk", sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite")))
    for name in ("implementation", "halted_because", "halt_told"):
        op.add_column("payout_desk", sa.Column(name, sa.Text()))
