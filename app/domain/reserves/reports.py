"""The newest report of each environment: what a job found, and everybody may read."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.money import Environment
from app.domain.reserves.tables import ReserveReport
from app.sql.columns import table_of


def keep(session: Session, environment: Environment, document: dict[str, Any], lacking_nanos: int) -> bool:
    """Keeps what was found in place of what was found before; tells whether it is news that chains lack something."""
    known = session.get(ReserveReport, environment, with_for_update=True, populate_existing=True)
    if known is None:
        known = ReserveReport(environment=environment, document={}, lacking_nanos=0, made_at=0)
        session.add(known)
    is_news = lacking_nanos > 0 and not known.lacking_nanos
    known.document, known.lacking_nanos, known.made_at = document, lacking_nanos, clock.now()
    session.flush()
    return is_news


def read_all(session: Session) -> Sequence[ReserveReport]:
    """Returns the newest report of each environment that has one."""
    return session.scalars(select(ReserveReport).order_by(table_of(ReserveReport).c.environment)).all()
