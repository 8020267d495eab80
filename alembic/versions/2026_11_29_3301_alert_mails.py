"""Mails of alerts are stored before they are sent."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_3301_alert_mails"
down_revision: str | None = "2026_11_29_3200_chain_deposits"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UNSENT = sa.text("sent_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "alert_mail",
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("tries", WHOLE, nullable=False),
        sa.Column("next_at", WHOLE, nullable=False),
        sa.Column("sent_at", WHOLE, nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_alert_mail_alert_id_alert")),
        sa.PrimaryKeyConstraint("alert_id", "address", name=op.f("pk_alert_mail")),
        sqlite_strict=True,
    )
    op.create_index("ix_alert_mail_unsent", "alert_mail", ["next_at"], sqlite_where=UNSENT, postgresql_where=UNSENT)
