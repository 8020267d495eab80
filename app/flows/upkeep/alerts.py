"""Developers are told of what needs them: each alert once, as an event of their paywall and by mail."""

from collections.abc import Collection
from functools import partial

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain.alerts import finding, mailing, raising
from app.domain.alerts.mailing import DueMail
from app.domain.alerts.raising import Found
from app.domain.alerts.tables import Alert, AlertKind
from app.domain.events import catalogue, outbox
from app.domain.events.made import make
from app.domain.paywalls.configuration import read_current
from app.each_alone import each_alone
from app.flows.events.mails import Desk, address_of_owner

log = structlog.get_logger()

MAILS_A_RUN = 50


async def raise_alerts(desk: Desk) -> int:
    """Raises what is to be told and was not, and mails it; returns how many mails that were.

    A mail is stored before it is sent. One that cannot be sent, or whose sender was lost, is sent by a later run.
    """
    found = await db.in_transaction(lambda session: list(finding.find_all(session)))
    if found:
        await db.in_transaction(partial(_keep, found=found), writes=True)
    for alert_id in await db.in_transaction(partial(mailing.list_waiting, limit=MAILS_A_RUN)):
        await db.in_transaction(partial(_store, alert_id=alert_id, operators=desk.addresses), writes=True)
    due = await db.in_transaction(partial(mailing.list_due, limit=MAILS_A_RUN))
    done = await each_alone("alerts", due, partial(_mail, desk), name=lambda mail: mail.alert_id)
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


def _store(session: Session, alert_id: str, operators: Collection[str]) -> None:
    """Stores to whom an alert is mailed: the owner, or the operators where there is none, and of what only they can
    mend; its developers are told of that by the event and on their page."""
    alert = session.get_one(Alert, alert_id)
    is_operators = alert.kind is AlertKind.ROLLUPS_BEHIND
    owner = None if is_operators else address_of_owner(session, alert.paywall_id)
    if mailing.store(session, alert_id, operators if owner is None else [owner]):
        log.warning("alert", alert=alert_id, paywall=alert.paywall_id, kind=alert.kind.value)


async def _mail(desk: Desk, mail: DueMail) -> bool:
    if not await db.in_transaction(partial(mailing.claim, mail=mail), writes=True):
        return False
    name = await db.in_transaction(partial(_name_of, paywall_id=mail.paywall_id))
    await desk.deliver(mail.address, f"{name}: {mail.title}", mail.detail)
    await db.in_transaction(partial(mailing.note_sent, mail=mail), writes=True)
    return True


def _name_of(session: Session, paywall_id: str) -> str:
    return read_current(session, paywall_id)[1].app_name
