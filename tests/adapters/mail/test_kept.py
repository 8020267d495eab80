"""The demo's mailbox keeps the newest mails."""

from app.adapters.mail.kept import KEPT_MAX, KeptMailer
from app.ports.mail import KeptMail, Mail


async def test_the_newest_come_first_and_the_oldest_go() -> None:
    times = iter(range(1_000))
    mailer = KeptMailer(lambda: next(times))
    for number in range(KEPT_MAX + 2):
        await mailer.send(Mail("ada@example.org", f"{number}", "text"))
    kept = mailer.kept()
    assert kept[0] == KeptMail(Mail("ada@example.org", str(KEPT_MAX + 1), "text"), KEPT_MAX + 1)
    assert len(kept) == KEPT_MAX and kept[-1].mail.subject == "2"
