"""What the demo's mail page shows. It exists in the demo only, which listens on this machine alone."""

from contextlib import aclosing
from dataclasses import dataclass

import reflex as rx

from app import wiring
from app.web.frame import live
from app.web.frame.format import ago


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
        token = self.router.session.client_token
        if not wiring.get().settings.is_demo:
            async with self:
                self.phase, self.mails = "closed", []
            return
        shown: list[MailRow] | None = None
        async with aclosing(live.get().times(token, is_restless=True)) as times:
            async for _ in times:
                found = [
                    MailRow(kept.mail.to, kept.mail.subject, kept.mail.text, _digits(kept.mail.subject), ago(kept.at))
                    for kept in wiring.get().mailbox.kept()
                ]
                if found == shown:
                    continue
                shown = found
                async with self:
                    self.phase, self.mails = "ready", found


def _digits(subject: str) -> str:
    first = subject.split()[0]
    return first if first.isdecimal() else ""
