"""When users last asked for something, as far as a paywall's newest requests tell."""

from collections.abc import Collection, Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.usage.request_list import LOOKED_MAX
from app.domain.usage.requests import TABLE


def read_last_use(session: Session, paywall_id: str, users: Collection[str]) -> Mapping[str, int]:
    """Returns when each of these users made their last request (microseconds), of the newest LOOKED_MAX of all.

    Who made none of those is left out. What is read of each stands in `ix_request_paywall`.
    """
    newest = (
        select(TABLE.c.id, TABLE.c.external_id)
        .where(TABLE.c.paywall_id == paywall_id)
        .order_by(TABLE.c.id.desc())
        .limit(LOOKED_MAX)
        .subquery()
    )
    last = (
        select(func.max(newest.c.id).label("id"))
        .where(newest.c.external_id.in_(users))
        .group_by(newest.c.external_id)
        .subquery()
    )
    rows = session.execute(select(TABLE.c.external_id, TABLE.c.created_at).where(TABLE.c.id.in_(select(last.c.id))))
    return {row.external_id: row.created_at for row in rows}
