"""What the demo's mail page shows. It exists in the demo only, which listens on this machine alone."""

import asyncio
from dataclasses import dataclass

import reflex as rx

from app import settings, wiring
from app.web.format import ago
from app.web.session_state import LOOK_AGAIN_SECONDS


@dataclass(frozen=True)
class MailRow:
    """A mail, ready to be read."""

    recipient: str = ""
    subject: str = ""
    text: str = ""
    digits: str = ""
    when: str = ""


class MailState(rx.State):
    """One open mailbox."""

    phase: str = "loading"
    mails: list[MailRow] = []

    @rx.event(background=True)
    async def watch(self) -> None:
        """Shows the mails as they come; nothing where this is no demo."""
        while True:
            if not settings.get().is_demo:
                async with self:
                    self.phase, self.mails = "closed", []
                return
            found = [
                MailRow(kept.mail.to, kept.mail.subject, kept.mail.text, _digits(kept.mail.subject), ago(kept.at))
                for kept in wiring.get().mailbox.kept()
            ]
            async with self:
                if found != self.mails or self.phase != "ready":
                    self.phase, self.mails = "ready", found
            await asyncio.sleep(LOOK_AGAIN_SECONDS)


def _digits(subject: str) -> str:
    first = subject.split()[0]
    return first if first.isdecimal() else ""
