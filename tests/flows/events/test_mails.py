"""Whoever looks after a paywall is told, and a mail that fails undoes nothing."""

from pathlib import Path

from app import settings
from app.adapters.mail.kept import KeptMailer
from app.domain import clock
from app.domain.errors import ProviderFailed
from app.flows.events.mails import Notice
from app.ports.mail import Mail
from tests.support.handed import desk

NOTICE = Notice("pw_1", "Lexica", "m was switched off", "It costs more.")


class Fails:
    """A mailer that takes nothing for one address."""

    def __init__(self, refused: str) -> None:
        self.refused = refused
        self.sent: list[Mail] = []

    async def send(self, mail: Mail) -> None:
        if mail.to == self.refused:
            raise ProviderFailed("away")
        self.sent.append(mail)


async def test_every_operator_is_mailed(data_dir: Path) -> None:
    settings.configure(data=data_dir, operator_emails="b@example.org, a@example.org")
    mails = KeptMailer(clock.now)
    await desk(mails).tell(NOTICE)
    assert sorted(kept.mail.to for kept in mails.kept()) == ["a@example.org", "b@example.org"]
    assert {(kept.mail.subject, kept.mail.text) for kept in mails.kept()} == {
        ("Lexica: m was switched off", "It costs more.")
    }


async def test_one_mail_that_fails_keeps_no_other_back(data_dir: Path) -> None:
    settings.configure(data=data_dir, operator_emails="a@example.org,b@example.org")
    mailer = Fails("a@example.org")
    await desk(mailer).tell(NOTICE)
    assert [mail.to for mail in mailer.sent] == ["b@example.org"]
