"""Which codes were asked for by a browser that had signed in to their address before: they are counted apart."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_0440_known_browsers"
down_revision: str | None = "2026_11_28_0410_user_from"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # Old rows are codes of an hour at most, and count as everybody's.
    whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("sign_in_code", sa.Column("is_known", whole, nullable=False, server_default="0"))
