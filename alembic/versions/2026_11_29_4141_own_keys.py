"""People keep their own keys of providers, sealed for one host each."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_4141_own_keys"
down_revision: str | None = "2026_11_29_4121_model_breaker"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "credential",
        *(sa.Column(name, sa.Text(), nullable=False)
          for name in ("id", "account_id", "provider", "kind", "base_url", "auth", "sealed", "last_four")),
        sa.Column("token_url", sa.Text(), nullable=True),
        sa.Column("refresh_sealed", sa.Text(), nullable=True),
        sa.Column("refresh_due", whole, nullable=True),
        sa.Column("expires_at", whole, nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("models", sa.Text(), nullable=False),
        sa.Column("warning", sa.Text(), nullable=False),
        sa.Column("refused_status", whole, nullable=True),
        sa.Column("refused_at", whole, nullable=True),
        sa.Column("created_at", whole, nullable=False),
        sa.Column("changed_at", whole, nullable=False),
        sa.Column("used_at", whole, nullable=True),
        sa.CheckConstraint("kind IN ('key', 'profile')", name=op.f("ck_credential_known_kind")),
        sa.CheckConstraint("auth IN ('bearer', 'api-key', 'x-api-key')", name=op.f("ck_credential_known_auth")),
        sa.CheckConstraint("status IN ('ready', 'needs_sign_in')", name=op.f("ck_credential_known_status")),
        sa.CheckConstraint("(kind = 'profile') = (refresh_sealed IS NOT NULL AND token_url IS NOT NULL)",
                           name=op.f("ck_credential_profile_refreshes")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_credential_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credential")),
        sqlite_strict=True,
    )  # fmt: skip
    op.create_index("ix_credential_account", "credential", ["account_id", "provider"], unique=True)
