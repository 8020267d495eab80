"""What a developer must be told of a paywall: it is logged, and mailed to whoever looks after it.

Paywalls have no owners of their own yet; the operators are told.
"""

from dataclasses import dataclass

import structlog

from app.domain.errors import ProviderFailed
from app.ports.mail import Mail, Mailer

log = structlog.get_logger()


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
    """Whom notices go to, and how."""

    mailer: Mailer
    addresses: frozenset[str]

    async def tell(self, notice: Notice) -> None:
        """Tells it; a mail that cannot be sent is logged and undoes nothing."""
        log.warning("developer_notice", paywall=notice.paywall_id, subject=notice.subject)
        for address in sorted(self.addresses):
            try:
                await self.mailer.send(Mail(address, notice.headline, notice.text))
            except ProviderFailed as failure:
                log.error("developer_notice", paywall=notice.paywall_id, step="mail", error=failure.message)

    async def alert(self, subject: str, text: str) -> None:
        """Tells the operators of something that is no paywall's; a mail that cannot be sent is logged."""
        log.warning("operator_alert", subject=subject)
        for address in sorted(self.addresses):
            await self.write(address, subject, text)

    async def write(self, address: str, subject: str, text: str) -> None:
        """Mails somebody; a mail that cannot be sent is logged and undoes nothing."""
        try:
            await self.mailer.send(Mail(address, subject, text))
        except ProviderFailed as failure:
            log.error("mail", subject=subject, error=failure.message)
