"""The amount against which a paywall's developer is told what its users are charged in a month."""

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.alerts.tables import AlertRule
from app.domain.paywalls.tables import PaywallRow
from app.sql.columns import table_of


def read_monthly(session: Session, paywall_id: str) -> int | None:
    """Returns the amount in nanos of the paywall's unit; None where nobody wants to be told."""
    rule = session.get(AlertRule, paywall_id)
    return None if rule is None else rule.monthly_nanos


def set_monthly(session: Session, paywall_id: str, nanos: int | None) -> bool:
    """Keeps the amount, or that there is none; tells whether that is new. The paywall must be locked."""
    before = read_monthly(session, paywall_id)
    if before == nanos:
        return False
    session.execute(delete(table_of(AlertRule)).where(table_of(AlertRule).c.paywall_id == paywall_id))
    session.expire_all()
    if nanos is not None:
        session.add(AlertRule(paywall_id=paywall_id, monthly_nanos=nanos, changed_at=clock.now()))
    session.flush()
    return True


def list_monthly(session: Session) -> Sequence[tuple[str, int]]:
    """Returns each paywall that is not archived with its amount."""
    rules, paywalls = table_of(AlertRule), table_of(PaywallRow)
    found = session.execute(
        select(rules.c.paywall_id, rules.c.monthly_nanos)
        .join(paywalls, paywalls.c.id == rules.c.paywall_id)
        .where(paywalls.c.archived_at.is_(None))
        .order_by(rules.c.paywall_id)
    )
    return [(paywall_id, nanos) for paywall_id, nanos in found]
