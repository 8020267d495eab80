"""Mail: who sends it, and the demo's mailbox, which keeps it."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail of plain text to one address."""

    to: str
    subject: str
    text: str


class Mailer(Protocol):
    """Sends mails."""

    async def send(self, mail: Mail) -> None:
        """Hands a mail over. Raises ProviderFailed if it was not taken."""
        ...


@dataclass(frozen=True, slots=True)
class KeptMail:
    """A mail of the demo, where nothing is sent; `at` is in microseconds."""

    mail: Mail
    at: int


class Mailbox(Mailer, Protocol):
    """The demo's mailer, which keeps what it would have sent."""

    def kept(self) -> list[KeptMail]:
        """Returns the mails, the newest first."""
        ...
