"""A version of a paywall holds its prices too: each price says from which version it counts, and until which.

Prices were changed without a version before. One from then counts from the version that was the newest when it was
set, so that a version has the prices that counted when the next one was published, and the newest those that count.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_1220_versions"
down_revision: str | None = "2026_11_28_1215_members"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("paywall_version", sa.Column("made_by", sa.Text(), nullable=True))
    op.add_column("model_price", sa.Column("since_version", whole, nullable=False, server_default="1"))
    op.add_column("model_price", sa.Column("until_version", whole, nullable=True))
    version = sa.table("paywall_version", sa.column("paywall_id"), sa.column("version"), sa.column("created_at"))
    names = ("paywall_id", "created_at", "retired_at", "since_version", "until_version")
    price = sa.table("model_price", *(sa.column(name) for name in names))

    def newest_at(time: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
        is_older = (version.c.paywall_id == price.c.paywall_id) & (version.c.created_at <= time)
        return sa.func.coalesce(sa.select(sa.func.max(version.c.version)).where(is_older).scalar_subquery(), 1)

    op.execute(price.update().values(since_version=newest_at(price.c.created_at)))
    is_retired = price.c.retired_at.is_not(None)
    op.execute(price.update().where(is_retired).values(until_version=newest_at(price.c.retired_at)))
