"""What a developer must be told of a paywall: logged, and mailed to its owner, or to the operators without one.

What operators must be told is stored before it is sent, where it can be in the transaction of what it tells.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain.alerts import kept
from app.domain.alerts.kept import DueKept
from app.domain.errors import ProviderFailed
from app.domain.paywalls.members import read_owner
from app.domain.people.tables import PersonAccount
from app.each_alone import each_alone
from app.ports.mail import Mail, Mailer

log = structlog.get_logger()

MAILS_A_RUN = 50
"""How many stored mails the job sends at a time."""
MAILS_BEHIND = 4
"""How many are sent at most by whoever has stored one: a mail server that hangs delays little else."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to be told of a paywall."""

    paywall_id: str
    app_name: str
    subject: str
    text: str

    @property
    def headline(self) -> str:
        """The subject of its mail, which says of which app it is."""
        return f"{self.app_name}: {self.subject}"


@dataclass(frozen=True, slots=True)
class Desk:
    """Whom notices go to, and how; `addresses` are the operators'."""

    mailer: Mailer
    addresses: frozenset[str]

    async def tell(self, notice: Notice) -> None:
        """Tells a paywall's owner, the operators where it has none or one without an address.

        A mail that cannot be sent is logged and undoes nothing.
        """
        log.warning("developer_notice", paywall=notice.paywall_id, subject=notice.subject)
        for address in await db.in_transaction(partial(self._addresses_of, paywall_id=notice.paywall_id)):
            await self.write(address, notice.headline, notice.text)

    def keep_notice(self, session: Session, notice: Notice) -> None:
        """Stores what `tell` tells in the transaction of what it tells; `send_kept` is to follow it."""
        log.warning("developer_notice", paywall=notice.paywall_id, subject=notice.subject)
        kept.keep(session, self._addresses_of(session, notice.paywall_id), notice.headline, notice.text)

    def _addresses_of(self, session: Session, paywall_id: str) -> Sequence[str]:
        owner = address_of_owner(session, paywall_id)
        return sorted(self.addresses) if owner is None else (owner,)

    async def alert(self, subject: str, text: str) -> None:
        """Tells the operators of something that is no paywall's; a mail that cannot be sent now is sent later."""
        await db.in_transaction(partial(self.keep_alert, subject=subject, text=text), writes=True)
        await self.send_kept()

    def keep_alert(self, session: Session, subject: str, text: str) -> None:
        """Stores what the operators are told in the transaction of what it tells; `send_kept` is to follow it."""
        log.warning("operator_alert", subject=subject)
        kept.keep(session, sorted(self.addresses), subject, text)

    async def has_kept(self) -> bool:
        """Tells whether a mail that was stored is to be sent now."""
        return await db.in_transaction(kept.has_due)

    async def send_kept(self, limit: int = MAILS_BEHIND) -> int:
        """Sends mails that were stored, a few unless told; returns how many. What is left the job sends.

        One that cannot be sent is tried again for a day.
        """
        due = await db.in_transaction(partial(kept.list_due, limit=limit))
        done = await each_alone("mail", due, self._send_one, name=lambda mail: mail.subject)
        return sum(1 for _, is_sent in done if is_sent is True)

    async def _send_one(self, mail: DueKept) -> bool:
        if not await db.in_transaction(partial(kept.claim, mail_id=mail.id), writes=True):
            return False
        await self.deliver(mail.address, mail.subject, mail.text)
        await db.in_transaction(partial(kept.note_sent, mail_id=mail.id), writes=True)
        return True

    async def deliver(self, address: str, subject: str, text: str) -> None:
        """Mails somebody what is told again if it cannot be sent now. Raises ProviderFailed."""
        await self.mailer.send(Mail(address, subject, text))

    async def write(self, address: str, subject: str, text: str) -> None:
        """Mails somebody; a mail that cannot be sent is logged and undoes nothing."""
        try:
            await self.deliver(address, subject, text)
        except ProviderFailed as failure:
            log.error("mail", subject=subject, error=failure.message)


def address_of_owner(session: Session, paywall_id: str) -> str | None:
    """Returns the address that notices of a paywall go to; None where it has no owner, or one without an address."""
    owner = read_owner(session, paywall_id)
    account = None if owner is None else session.get(PersonAccount, owner)
    return None if account is None else account.email
