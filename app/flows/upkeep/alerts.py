"""Developers are told of what needs them: each alert once, as an event of their paywall and by mail."""

from functools import partial

from sqlalchemy.orm import Session

from app import db
from app.domain.alerts import finding, raising
from app.domain.alerts.raising import Found
from app.domain.alerts.tables import Alert, AlertKind
from app.domain.events import catalogue, outbox
from app.domain.events.made import make
from app.domain.paywalls.configuration import read_current
from app.each_alone import each_alone
from app.flows.events.mails import Desk, Notice

MAILS_A_RUN = 50


async def raise_alerts(desk: Desk) -> int:
    """Raises what is to be told and was not, and mails it; returns how many mails that were.

    A mail is claimed before it is sent: one that cannot be sent is logged, and not tried again.
    """
    found = await db.in_transaction(lambda session: list(finding.find_all(session)))
    if found:
        await db.in_transaction(partial(_keep, found=found), writes=True)
    waiting = await db.in_transaction(partial(raising.list_unmailed, limit=MAILS_A_RUN))
    done = await each_alone("alerts", waiting, partial(_mail, desk))
    return sum(1 for _, is_mailed in done if is_mailed is True)


def _keep(session: Session, found: list[Found]) -> None:
    """Keeps alerts and their events in one transaction."""
    new = raising.keep(session, found)
    outbox.record(session, [
        make(one.paywall_id, catalogue.ALERT_RAISED, one.id, {
            "alertId": one.id, "kind": one.kind.value, "about": one.subject, "threshold": one.threshold,
            "period": one.period, "title": one.title, "detail": one.detail,
        })
        for one in new
    ])  # fmt: skip


async def _mail(desk: Desk, alert: Alert) -> bool:
    if not await db.in_transaction(partial(raising.claim_mail, alert_id=alert.id), writes=True):
        return False
    if alert.kind is AlertKind.ROLLUPS_BEHIND:
        # Only who runs the instance can mend it; its developers are told by the event and on their page.
        await desk.alert(f"Rollups are behind: {alert.paywall_id}", alert.detail)
        return True
    name = await db.in_transaction(partial(_name_of, paywall_id=alert.paywall_id))
    await desk.tell(Notice(alert.paywall_id, name, alert.title, alert.detail))
    return True


def _name_of(session: Session, paywall_id: str) -> str:
    return read_current(session, paywall_id)[1].app_name
