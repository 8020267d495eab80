"""What the page of alerts shows, ready to be read: the amount of the month, and what was raised."""

from dataclasses import dataclass, field

from app.db import Session
from app.domain.alerts.raising import read_alerts
from app.domain.alerts.rules import read_monthly
from app.domain.alerts.tables import Alert, AlertKind
from app.domain.money import format_decimal
from app.domain.rollups.reading import read_books
from app.web.frame.format import utc

ALERTS_LISTED = 50


@dataclass(frozen=True)
class AlertRow:
    """One alert; `tone` is `bad` or `wait`."""

    id: str = ""
    title: str = ""
    detail: str = ""
    at: str = ""
    tone: str = "wait"


@dataclass(frozen=True)
class AlertsPage:
    """Everything on the page; `monthly` is what stands in the field, empty for no amount."""

    monthly: str = ""
    zone: str = ""
    alerts: list[AlertRow] = field(default_factory=list)


def read_alerts_page(session: Session, paywall_id: str) -> AlertsPage:
    """Reads of what somebody is told of a paywall, and the last that they were."""
    monthly = read_monthly(session, paywall_id)
    return AlertsPage(
        monthly="" if monthly is None else format_decimal(monthly),
        zone=read_books(session, [paywall_id])[0].zone,
        alerts=[_row(alert) for alert in read_alerts(session, paywall_id, ALERTS_LISTED)],
    )


def _row(alert: Alert) -> AlertRow:
    is_bad = alert.kind is AlertKind.PROVIDER_REFUSED or (alert.kind is AlertKind.SPEND and alert.threshold >= 100)
    return AlertRow(alert.id, alert.title, alert.detail, f"{utc(alert.raised_at)} UTC", "bad" if is_bad else "wait")
