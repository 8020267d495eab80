"""The demo's mailbox: mails are kept in memory and shown on a local page, and nothing is sent."""

from collections import deque
from collections.abc import Callable

from app.ports.mail import KeptMail, Mail

KEPT_MAX = 50


class KeptMailer:
    """Keeps the newest mails of this process."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._mails: deque[KeptMail] = deque(maxlen=KEPT_MAX)

    async def send(self, mail: Mail) -> None:
        """Keeps a mail."""
        self._mails.appendleft(KeptMail(mail, self._now()))

    def kept(self) -> list[KeptMail]:
        """Returns the mails, the newest first."""
        return list(self._mails)
