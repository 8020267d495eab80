"""What is known of a connection's account: its key, our endpoint there, how far its events were read, how it fares.

An event says of which kind of object it tells; all that came so far told of payments. A connection that is there has no
key, as the sandbox's needs none.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_1530_connection_state"
down_revision: str | None = "2026_11_28_1255_model_provider"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TEXTS = ("key_sealed", "endpoint_id", "endpoint_status", "last_error")
WHOLES = ("disconnected_at", "settles_usd", "checked_at", "events_read_to", "events_read_at", "refused_at", "told_at")


def upgrade() -> None:
    whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("inbox_event", sa.Column("kind", sa.Text(), nullable=False, server_default="payment"))
    for name in TEXTS:
        op.add_column("connection", sa.Column(name, sa.Text(), nullable=True))
    for name in WHOLES:
        op.add_column("connection", sa.Column(name, whole, nullable=True))
    op.create_table(
        "connection_secret",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("endpoint_id", sa.Text(), nullable=False),
        sa.Column("secret_sealed", sa.Text(), nullable=False),
        sa.Column("created_at", whole, nullable=False),
        sa.Column("retires_at", whole, nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_connection_secret_connection_id_connection")
        ),
        sa.PrimaryKeyConstraint("connection_id", "endpoint_id", name=op.f("pk_connection_secret")),
        sqlite_strict=True,
    )
