"""Whether a paywall offers anything at all, for whoever need not know what."""

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.domain.pricing.tables import ModelPrice
from app.sql.columns import table_of


def has_offers(session: Session, paywall_id: str) -> bool:
    """Tells whether a paywall offers any model, without reading them all."""
    table = table_of(ModelPrice)
    newer = table.alias("newer")
    is_old = exists().where(newer.c.paywall_id == paywall_id, newer.c.model == table.c.model,
                            newer.c.version > table.c.version)  # fmt: skip
    on = select(table.c.model).where(table.c.paywall_id == paywall_id, table.c.retired_at.is_(None), ~is_old)
    return session.scalar(on.limit(1)) is not None
