"""The catalogue of a provider's public list of models, with a version for each price that was listed."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_26_catalogue"
down_revision: str | None = "2026_11_26_events"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _whole(name: str, *, nullable: bool = False) -> sa.Column[int]:
    kind = sa.Integer() if op.get_bind().dialect.name == "sqlite" else sa.BigInteger()
    return sa.Column(name, kind, nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "catalogue_model", _text("model"), _text("display_name"), _text("description"), _whole("released_at"),
        _whole("context_tokens_max", nullable=True), _whole("output_tokens_max", nullable=True),
        _whole("part_tokens_max", nullable=True), _text("modalities"), _text("parameters"), _whole("version"),
        _whole("first_seen_at"), _whole("vanished_at", nullable=True),
        sa.PrimaryKeyConstraint("model", name=op.f("pk_catalogue_model")), sqlite_strict=True,
    )  # fmt: skip
    op.create_table(
        "catalogue_price", _text("model"), _whole("version"), _text("price", nullable=True), _whole("created_at"),
        sa.ForeignKeyConstraint(["model"], ["catalogue_model.model"],
                                name=op.f("fk_catalogue_price_model_catalogue_model")),
        sa.PrimaryKeyConstraint("model", "version", name=op.f("pk_catalogue_price")), sqlite_strict=True,
    )  # fmt: skip
