"""Keep which providers refuse a paywall's requests.

Its developer learns of it where they look, and not from their users.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_2060_refusals"
down_revision: str | None = "2026_11_28_2033_topup_payment"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "provider_refusal",
        sa.Column("paywall_id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("status", _WHOLE, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("since", _WHOLE, nullable=False),
        sa.Column("last_at", _WHOLE, nullable=False),
        sa.ForeignKeyConstraint(["paywall_id"], ["paywall.id"], name=op.f("fk_provider_refusal_paywall_id_paywall")),
        sa.PrimaryKeyConstraint("paywall_id", "provider", name=op.f("pk_provider_refusal")),
        sqlite_strict=True,
    )
