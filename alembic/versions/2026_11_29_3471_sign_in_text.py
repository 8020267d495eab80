"""An Ethereum account signs in by signing a text whose nonce we issue, once."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_3471_sign_in_text"
down_revision: str | None = "2026_11_29_3470_signed_topups"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _whole(name: str, **more: object) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), **more)  # type: ignore[arg-type]


def upgrade() -> None:
    op.create_table(
        "sign_in_text",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("browser_hash", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        _whole("chain_id", nullable=False),
        sa.Column("account_id", sa.Text(), nullable=True),
        _whole("created_at", nullable=False),
        _whole("used_at", nullable=True),
        sa.CheckConstraint("chain_id > 0", name=op.f("ck_sign_in_text_chain_id_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_text")),
        sqlite_strict=True,
    )
    op.create_index("ix_sign_in_text_nonce", "sign_in_text", ["nonce"], unique=True)
    op.create_index("ix_sign_in_text_network", "sign_in_text", ["network", "created_at"], unique=False)
    op.create_index("ix_sign_in_text_created", "sign_in_text", ["created_at"], unique=False)
