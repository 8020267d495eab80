"""What a developer must be told of a paywall: it is logged, and mailed to whoever looks after it.

Paywalls have no owners of their own yet; the operators are told.
"""

from dataclasses import dataclass

import structlog

from app import settings
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


async def tell_developer(mailer: Mailer, notice: Notice) -> None:
    """Tells it; a mail that cannot be sent is logged and undoes nothing."""
    log.warning("developer_notice", paywall=notice.paywall_id, subject=notice.subject)
    for address in sorted(settings.get().operators):
        try:
            await mailer.send(Mail(address, f"{notice.app_name}: {notice.subject}", notice.text))
        except ProviderFailed as failure:
            log.error("developer_notice", paywall=notice.paywall_id, step="mail", error=failure.message)
