"""What requests used of each model: one that asked several is as many parts as it asked, each with its tokens and its
part of the one charge; any other is one part. What was given back is below zero, and no request."""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, case, distinct, func, literal, select

from app.domain.legs.tables import LegStatus, RequestLeg
from app.domain.usage.tables import RequestKind, RequestMode
from app.sql.columns import table_of

_LEGS = table_of(RequestLeg)
COLUMNS = ("id", "kind", "mode", "model", "billing_source", "tokens", "charge_nanos")
"""What must be known of a request."""


def with_parts(requests: FromClause, *columns: ColumnElement[Any]) -> Select[Any]:
    """Returns `columns` of some requests with `part_model`, `part_source`, `part_tokens` and `part_charged` of each of
    their parts, in nanos. A model that was not asked is no part; while several are asked, there is one for all."""
    asked = and_(_LEGS.c.request_id == requests.c.id, _LEGS.c.status != LegStatus.SKIPPED)
    is_refund, is_leg = requests.c.kind == RequestKind.REFUND, _LEGS.c.id.is_not(None)
    titles = case({mode.value: literal(mode.value.capitalize()) for mode in RequestMode}, value=requests.c.mode)
    # Until it has legs, what asks several models has the word for how it asks them for a model.
    named = func.coalesce(_LEGS.c.model, func.nullif(requests.c.model, requests.c.mode), titles, "")
    tokens = case((is_refund, 0), (is_leg, func.coalesce(_LEGS.c.tokens, 0)), else_=func.coalesce(requests.c.tokens, 0))
    nanos = func.coalesce(_LEGS.c.charge_nanos, requests.c.charge_nanos)
    return select(
        *columns,
        named.label("part_model"),
        func.coalesce(_LEGS.c.billing_source, requests.c.billing_source).label("part_source"),
        tokens.label("part_tokens"),
        case((is_refund, -nanos), else_=nanos).label("part_charged"),
    ).select_from(requests.outerjoin(_LEGS, asked))


def count_of(parts: FromClause) -> ColumnElement[int]:
    """Returns how many requests parts are of; they must have `id` and `kind`."""
    return func.count(distinct(case((parts.c.kind != RequestKind.REFUND, parts.c.id))))
