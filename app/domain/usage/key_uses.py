"""When each key of a paywall was last used for a request, for whoever wonders whether it can go."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.usage.tables import Request
from app.sql.columns import table_of


def read_last_uses(session: Session, paywall_id: str, key_ids: Iterable[str]) -> Mapping[str, int]:
    """Returns when the newest request of each key began; a key that has none is left out.

    One step in an index for each key, however many requests there are.
    """
    requests = table_of(Request)
    found = {}
    for key_id in key_ids:
        newest = (
            select(requests.c.created_at)
            .where(requests.c.paywall_id == paywall_id, requests.c.key_id == key_id)
            .order_by(requests.c.id.desc())
            .limit(1)
        )
        at = session.scalar(newest)
        if at is not None:
            found[key_id] = at
    return found
