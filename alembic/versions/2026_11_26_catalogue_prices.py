"""Prices for long prompts, for each image and for images that are made, what the provider asks beside what a
developer does, and why a model is off.

A model that the catalogue priced and that is off was one whose price nobody knew: nothing else took them off.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_26_catalogue_prices"
down_revision: str | None = "2026_11_22_people"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    whole = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    for column, default in (("image_output_nanos", ""), ("image_nanos", "DEFAULT '0' NOT NULL")):
        check = f"CONSTRAINT ck_model_price_{column}_not_negative CHECK ({column} >= 0)"
        op.execute(f"ALTER TABLE model_price ADD COLUMN {column} {whole} {default} {check}")
    for column in ("tiers", "cost", "retired_because"):
        op.add_column("model_price", sa.Column(column, sa.Text(), nullable=True))
    op.execute(
        "UPDATE model_price SET retired_because = CASE source WHEN 'catalogue' THEN 'unpriced' ELSE 'developer' END"
        " WHERE retired_at IS NOT NULL"
    )
