"""Alerts are raised once for each thing, threshold and period, whoever finds them and however often."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.alerts.tables import Alert, AlertKind
from app.domain.ids import derived_id
from app.sql.columns import table_of
from app.sql.statements import insert

_ALERTS = table_of(Alert)
_ADD = insert(_ALERTS, ("id", "paywall_id", "kind", "subject", "threshold", "period", "title", "detail", "raised_at"),
              unless_there=True)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """What is to be told of a paywall; `Alert` has what each says."""

    paywall_id: str
    kind: AlertKind
    subject: str
    threshold: int
    period: str
    title: str
    detail: str

    @property
    def id(self) -> str:
        """Its id, the same for whoever finds it."""
        return derived_id("alr", self.paywall_id, self.kind, self.subject, str(self.threshold), self.period)


def keep(session: Session, found: Iterable[Found]) -> Sequence[Found]:
    """Keeps what was found, and returns what had not been raised before.

    Of two that find the same at once both may get it; what they tell then has to be told once by its id.
    """
    by_id = {one.id: one for one in found}
    known = set(session.scalars(select(_ALERTS.c.id).where(_ALERTS.c.id.in_(list(by_id)))))
    new = [one for id_, one in by_id.items() if id_ not in known]
    now = clock.now()
    _ADD.run(session.connection(), [(one.id, one.paywall_id, one.kind.value, one.subject, one.threshold, one.period,
                                     one.title, one.detail, now) for one in new])  # fmt: skip
    return new


def read_alerts(session: Session, paywall_id: str, limit: int) -> Sequence[Alert]:
    """Returns what was raised of a paywall, the newest first."""
    of_paywall = select(Alert).where(_ALERTS.c.paywall_id == paywall_id)
    return session.scalars(of_paywall.order_by(_ALERTS.c.raised_at.desc(), _ALERTS.c.id).limit(limit)).all()
