"""A consent says whether its app may use own keys, and how often a day. Those of before allow none."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_4142_own_key_consent"
down_revision: str | None = "2026_11_29_4141_own_keys"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("paywall_authorization", sa.Column("own_keys_per_day", whole, nullable=True))
    op.add_column("paywall_authorization", sa.Column("own_keys_first", whole, nullable=True))
    op.create_table(
        "own_key_use",
        sa.Column("authorization_id", sa.Text(), nullable=False),
        sa.Column("day", whole, nullable=False),
        sa.Column("requests", whole, nullable=False),
        sa.ForeignKeyConstraint(["authorization_id"], ["paywall_authorization.id"],
                                name=op.f("fk_own_key_use_authorization_id_paywall_authorization")),
        sa.PrimaryKeyConstraint("authorization_id", name=op.f("pk_own_key_use")),
        sqlite_strict=True,
    )  # fmt: skip
