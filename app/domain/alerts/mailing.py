"""Mails of alerts: stored before they are sent, each until it was, and at most one in a day of the same thing.

A process that is lost between sending and saying so lets a mail be sent again: at least once, never not at all.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select, text, update
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.alerts.tables import Alert, AlertMail
from app.sql.columns import table_of
from app.sql.statements import insert

PAUSE = clock.DAY
"""For how long after a mail of a thing there is no other of it; what is raised meanwhile waits, and is told in one."""
TRIES_MAX = 12
"""After so many tries a mail is given up; with the pauses between them the last is made 34 hours after the first."""
LEASE_SECONDS = 60
"""For how long who sends a mail has it, the first time; twice as long each time after that."""

_ALERTS, _MAILS = table_of(Alert), table_of(AlertMail)
_SAME = "o.paywall_id = a.paywall_id AND o.kind = a.kind AND o.subject = a.subject AND o.threshold = a.threshold"
_WAITING = text(f"""
    SELECT a.id FROM alert a WHERE a.mailed_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM alert o WHERE {_SAME} AND o.mailed_at > :since)
        AND NOT EXISTS (SELECT 1 FROM alert o WHERE {_SAME} AND o.mailed_at IS NULL
            AND (o.raised_at > a.raised_at OR (o.raised_at = a.raised_at AND o.id > a.id)))
    ORDER BY a.raised_at, a.id LIMIT :limit
""")  # noqa: S608 - the condition is ours
_STORE = insert(_MAILS, ("alert_id", "address", "tries", "next_at"), unless_there=True)


@dataclass(frozen=True, slots=True)
class DueMail:
    """A mail that somebody is to send now: what it says, and to whom."""

    alert_id: str
    address: str
    paywall_id: str
    kind: str
    title: str
    detail: str


def list_waiting(session: Session, limit: int) -> Sequence[str]:
    """Returns alerts whose mails are to be stored, the oldest first: of each thing the newest, if it is due."""
    return list(session.scalars(_WAITING, {"since": clock.now() - PAUSE, "limit": limit}))


def store(session: Session, alert_id: str, addresses: Collection[str]) -> bool:
    """Stores the mails of an alert, and lets what was raised before of the same thing wait no longer; tells whether it
    was the caller who did."""
    now = clock.now()
    alert = session.execute(select(_ALERTS).where(_ALERTS.c.id == alert_id)).one()
    of_thing = (
        _ALERTS.c.paywall_id == alert.paywall_id, _ALERTS.c.kind == alert.kind, _ALERTS.c.subject == alert.subject,
        _ALERTS.c.threshold == alert.threshold, _ALERTS.c.mailed_at.is_(None),
    )  # fmt: skip
    mine = update(_ALERTS).where(_ALERTS.c.id == alert_id, _ALERTS.c.mailed_at.is_(None)).values(mailed_at=now)
    if not session.execute(mine).rowcount:  # type: ignore[attr-defined]
        return False
    session.execute(update(_ALERTS).where(*of_thing, _ALERTS.c.raised_at <= alert.raised_at).values(mailed_at=now))
    _STORE.run(session.connection(), [(alert_id, address, 0, now) for address in sorted(addresses)])
    return True


def list_due(session: Session, limit: int) -> Sequence[DueMail]:
    """Returns mails that are to be sent, those that wait longest first."""
    columns = (_MAILS.c.alert_id, _MAILS.c.address, _ALERTS.c.paywall_id, _ALERTS.c.kind, _ALERTS.c.title,
               _ALERTS.c.detail)  # fmt: skip
    is_due = (_MAILS.c.sent_at.is_(None), _MAILS.c.tries < TRIES_MAX, _MAILS.c.next_at <= clock.now())
    due = select(*columns).join(_ALERTS, _ALERTS.c.id == _MAILS.c.alert_id).where(*is_due)
    rows = session.execute(due.order_by(_MAILS.c.next_at, _MAILS.c.alert_id, _MAILS.c.address).limit(limit))
    return [DueMail(*row) for row in rows]


def claim(session: Session, mail: DueMail) -> bool:
    """Tells whether it is the caller who sends a mail: for a while to one, then to another if it was not sent."""
    now = clock.now()
    is_due = (_MAILS.c.sent_at.is_(None), _MAILS.c.tries < TRIES_MAX, _MAILS.c.next_at <= now)
    row = session.execute(select(_MAILS.c.tries).where(*_key(mail), *is_due).with_for_update()).first()
    if row is None:
        return False
    following = now + LEASE_SECONDS * clock.SECOND * 2**row.tries
    session.execute(update(_MAILS).where(*_key(mail)).values(tries=row.tries + 1, next_at=following))
    return True


def note_sent(session: Session, mail: DueMail) -> None:
    """Notes that a mail was sent, so that nobody sends it again."""
    session.execute(update(_MAILS).where(*_key(mail)).values(sent_at=clock.now()))


def _key(mail: DueMail) -> Sequence[ColumnElement[bool]]:
    return (_MAILS.c.alert_id == mail.alert_id, _MAILS.c.address == mail.address)
