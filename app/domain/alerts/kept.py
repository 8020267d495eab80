"""Mails that must not be lost: stored in the transaction of what they tell, sent behind it, each until it was.

A process that is lost between sending and saying so lets a mail be sent again: at least once, never not at all.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.alerts.mailing import LEASE_SECONDS, TRIES_MAX
from app.domain.alerts.tables import KeptMail
from app.domain.ids import new_id
from app.sql.columns import table_of

_MAILS = table_of(KeptMail)


@dataclass(frozen=True, slots=True)
class DueKept:
    """A mail that somebody is to send now."""

    id: str
    address: str
    subject: str
    text: str


def keep(session: Session, addresses: Iterable[str], subject: str, text: str) -> None:
    """Stores a mail to each of some addresses, in the transaction of what it tells."""
    now = clock.now()
    for address in addresses:
        session.add(KeptMail(id=new_id("kml"), address=address, subject=subject, text=text, created_at=now, tries=0,
                             next_at=now))  # fmt: skip
    session.flush()


def has_due(session: Session) -> bool:
    """Tells whether a mail is to be sent now."""
    return bool(session.scalar(select(exists().where(*_is_due()))))


def list_due(session: Session, limit: int) -> Sequence[DueKept]:
    """Returns mails that are to be sent, those that wait longest first."""
    columns = (_MAILS.c.id, _MAILS.c.address, _MAILS.c.subject, _MAILS.c.text)
    due = select(*columns).where(*_is_due()).order_by(_MAILS.c.next_at, _MAILS.c.id)
    return [DueKept(*row) for row in session.execute(due.limit(limit))]


def claim(session: Session, mail_id: str) -> bool:
    """Tells whether it is the caller who sends a mail: for a while to one, then to another if it was not sent."""
    row = session.execute(select(_MAILS.c.tries).where(_MAILS.c.id == mail_id, *_is_due()).with_for_update()).first()
    if row is None:
        return False
    following = clock.now() + LEASE_SECONDS * clock.SECOND * 2**row.tries
    session.execute(update(_MAILS).where(_MAILS.c.id == mail_id).values(tries=row.tries + 1, next_at=following))
    return True


def note_sent(session: Session, mail_id: str) -> None:
    """Notes that a mail was sent, so that nobody sends it again."""
    session.execute(update(_MAILS).where(_MAILS.c.id == mail_id).values(sent_at=clock.now()))


def _is_due() -> Sequence[ColumnElement[bool]]:
    return (_MAILS.c.sent_at.is_(None), _MAILS.c.tries < TRIES_MAX, _MAILS.c.next_at <= clock.now())
