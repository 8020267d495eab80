"""Which model a paywall offers first, for whoever need not know them all."""

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import Session

from app.domain.pricing.tables import ModelPrice
from app.sql.columns import table_of
from app.sql.once import once

_PRICES = table_of(ModelPrice)
_NEWER = _PRICES.alias("newer")
_IS_OLD = exists().where(_NEWER.c.paywall_id == _PRICES.c.paywall_id, _NEWER.c.model == _PRICES.c.model,
                         _NEWER.c.version > _PRICES.c.version)  # fmt: skip
_FIRST = (
    select(_PRICES.c.model)
    .where(_PRICES.c.paywall_id == bindparam("paywall_id"), _PRICES.c.retired_at.is_(None), ~_IS_OLD)
    .order_by(_PRICES.c.model)
    .limit(1)
)


def first_offer(session: Session, paywall_id: str) -> str | None:
    """Returns the first model by name that a paywall offers, without reading them all; None where it offers none."""
    return once(session, (first_offer, paywall_id), lambda: session.scalar(_FIRST, {"paywall_id": paywall_id}))
